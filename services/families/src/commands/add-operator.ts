import { saveOperator } from '../accounts/store.ts';
import { runAddAccount } from './command.ts';

await runAddAccount({
  role: 'operator',
  about: `Adds an operator, who configures and suspends co-ops and sees no family, or gives the one with this email a new name and
password.`,
  save: saveOperator,
});
