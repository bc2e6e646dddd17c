import { commandConfig, runCommand, text } from '@homeroom/chassis';
import { commandDatabase, type Queryable } from '@homeroom/postgres';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { replacePassword } from '../accounts/replace-password.ts';
import { findAccount, saveCoordinator } from '../accounts/store.ts';
import { migrations, sessionsConfig } from '../config.ts';
import { email, newPassword } from '../credentials/schemas.ts';
import { commandPasswords, parseAccount, passwordOptions, passwordUsage, withSessions } from './command.ts';

const coordinator = z.object({ email, name: text(200), password: newPassword });

await runCommand(
  {
    name: 'families-add-coordinator',
    usage: `Adds a coordinator, or gives the one with this email a new name and password. A new password ends every session
of the account; the same password ends none.

  add-coordinator --email <email> --name <name> --password-file <path>

${passwordUsage}
DATABASE_URL names the families database, REDIS_SESSIONS_URL the Redis with the sessions; SCHEMA_WAIT_MS is how long it
waits for the database and its migrations (0).`,
    options: { email: { type: 'string' }, name: { type: 'string' }, ...passwordOptions },
    config: commandConfig.extend(sessionsConfig.shape),
    openDatabase: commandDatabase({ migrations }),
  },
  async ({ values }, { config, database, say }) => {
    const { email, name, password } = await parseAccount(coordinator, values);
    const passwords = commandPasswords();
    const known = await findAccount(database, email);
    if (known?.principal.role === 'guardian') throw new Error(`${email} belongs to a guardian. Use another email.`);
    const same = known !== undefined && (await passwords.verify(known.passwordHash, password));
    const passwordHash = (same ? known.passwordHash : undefined) ?? (await passwords.hash(password));
    const save = async (db: Queryable): Promise<undefined> => {
      const outcome = await saveCoordinator(db, { id: uuidv7(), email, name, passwordHash });
      if (outcome === undefined) throw new Error(`${email} belongs to a guardian. Use another email.`);
    };
    if (known === undefined || same) {
      await save(database);
      say(known === undefined ? `added ${email}` : `kept ${email}: it has this password already`);
      return;
    }
    const ended = await withSessions(config.REDIS_SESSIONS_URL, (sessions) =>
      replacePassword<never>({ database, sessions }, { account: known, passwordHash, before: save }),
    );
    say(`changed ${email}; ${ended} sessions ended`);
  },
);
