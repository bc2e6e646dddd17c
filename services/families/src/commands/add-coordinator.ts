import { commandConfig, runCommand, text } from '@homeroom/chassis';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { email, newPassword } from '../accounts/schemas.ts';
import { saveCoordinator } from '../accounts/store.ts';
import { migrations } from '../config.ts';
import { commandPasswords, parseOptions } from './command.ts';

const coordinator = z.object({ email, name: text(200), password: newPassword });

await runCommand(
  {
    name: 'families-add-coordinator',
    usage: `Adds a coordinator, or gives the one with this email a new name and password.

  add-coordinator --email <email> --name <name> --password <at least 8 characters>

DATABASE_URL names the families database; SCHEMA_WAIT_MS is how long it waits for it and its migrations (0).`,
    options: { email: { type: 'string' }, name: { type: 'string' }, password: { type: 'string' } },
    config: commandConfig,
    migrations,
  },
  async ({ values }, { database, say }) => {
    const { email, name, password } = parseOptions(coordinator, values);
    const passwordHash = await commandPasswords().hash(password);
    const outcome = await saveCoordinator(database, { id: uuidv7(), email, name, passwordHash });
    if (outcome === undefined) throw new Error(`${email} is a guardian’s: take another email`);
    say(`${outcome} ${email}`);
  },
);
