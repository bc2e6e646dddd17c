import { commandConfig, runCommand } from '@homeroom/chassis';
import { commandDatabase } from '@homeroom/postgres';
import { z } from 'zod';
import { passwordChanged } from '../credentials/account-tokens.ts';
import { email, newPassword } from '../credentials/schemas.ts';
import { replacePassword } from '../accounts/replace-password.ts';
import { findAccount, setPassword } from '../accounts/store.ts';
import { sessionsConfig } from '../config.ts';
import {
  commandPasswords,
  parseAccount,
  passwordOptions,
  passwordUsage,
  withPassword,
  withSessions,
} from './command.ts';

await runCommand(
  {
    name: 'families-set-password',
    usage: `Gives an account a new password and ends all its sessions.

  set-password --email <email> --password-file <path>

${passwordUsage}
DATABASE_URL names the families database, REDIS_SESSIONS_URL the Redis with the sessions.`,
    options: { email: { type: 'string' }, ...passwordOptions },
    config: commandConfig.extend(sessionsConfig.shape),
    openDatabase: commandDatabase(),
  },
  async ({ values }, { config, database, say }) => {
    const given = parseAccount(z.object({ email, password: newPassword }), await withPassword(values));
    const account = await findAccount(database, given.email);
    if (account === undefined) throw new Error(`No account has the email ${given.email}.`);
    const { accountId } = account.principal;
    const passwordHash = await commandPasswords().hash(given.password);
    const ended = await withSessions(config.REDIS_SESSIONS_URL, (sessions) =>
      replacePassword({ database, sessions }, accountId, (trx) =>
        setPassword(trx, accountId, passwordHash, passwordChanged({ accountId, email: given.email })),
      ),
    );
    say(`${given.email} has a new password; ${ended} sessions ended`);
  },
);
