import { commandConfig, runCommand } from '@homeroom/chassis';
import { commandDatabase } from '@homeroom/postgres';
import { z } from 'zod';
import { replacePassword } from '../accounts/replace-password.ts';
import { findAccount } from '../accounts/store.ts';
import { sessionsConfig } from '../config.ts';
import { coopIdOf } from '../coops/own-coop.ts';
import { email, newPassword } from '../credentials/schemas.ts';
import { coopOption, coopUsage, databaseOfSlug } from './coop-option.ts';
import { commandPasswords, parseAccount, passwordOptions, passwordUsage, withSessions } from './command.ts';

await runCommand(
  {
    name: 'families-set-password',
    usage: `Gives an account a new password and ends all its sessions.

  set-password --email <email> --password-file <path> [--coop <slug>]

${passwordUsage}
${coopUsage}
DATABASE_URL names the families database, REDIS_SESSIONS_URL the Redis with the sessions.`,
    options: { email: { type: 'string' }, ...passwordOptions, ...coopOption },
    config: commandConfig.extend(sessionsConfig.shape),
    openDatabase: commandDatabase(),
  },
  async ({ values }, { config, database, say }) => {
    const { email: address, password } = await parseAccount(z.object({ email, password: newPassword }), values);
    const account = await findAccount(await databaseOfSlug(database, values.coop), address);
    if (account === undefined) throw new Error(`No account has the email ${address}.`);
    const db = database.ofCoop(coopIdOf(account.principal));
    const passwordHash = await commandPasswords().hash(password);
    const ended = await withSessions(config.REDIS_SESSIONS_URL, (sessions) =>
      replacePassword<never>({ db, sessions }, { account, passwordHash }),
    );
    say(`${address} has a new password; ${ended} sessions ended`);
  },
);
