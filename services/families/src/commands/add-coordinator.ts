import { saveCoordinator } from '../accounts/store.ts';
import { runAddAccount } from './command.ts';

await runAddAccount({
  role: 'coordinator',
  about: 'Adds a coordinator, or gives the one with this email a new name and password.',
  save: saveCoordinator,
});
