import { commandConfig, connectRedis, runCommand } from '@homeroom/chassis';
import { openSessions } from '@homeroom/sessions';
import { z } from 'zod';
import { email, newPassword } from '../accounts/schemas.ts';
import { findAccount, setPassword } from '../accounts/store.ts';
import { sessionsConfig } from '../config.ts';
import { commandPasswords, parseOptions } from './command.ts';

await runCommand(
  {
    name: 'families-set-password',
    usage: `Gives an account a new password and ends all its sessions.

  set-password --email <email> --password <at least 8 characters>

DATABASE_URL names the families database, REDIS_SESSIONS_URL the Redis with the sessions.`,
    options: { email: { type: 'string' }, password: { type: 'string' } },
    config: commandConfig.extend(sessionsConfig.shape),
  },
  async ({ values }, { config, database, say }) => {
    const given = parseOptions(z.object({ email, password: newPassword }), values);
    const account = await findAccount(database, given.email);
    if (account === undefined) throw new Error(`nobody has the email ${given.email}`);
    const { accountId } = account.principal;
    await setPassword(database, accountId, await commandPasswords().hash(given.password));
    const redis = await connectRedis(config.REDIS_SESSIONS_URL, { commandTimeoutMs: 5_000 });
    try {
      const ended = await openSessions({ redis }).destroyAll(accountId);
      say(`${given.email} has a new password; ${ended} sessions ended`);
    } finally {
      redis.disconnect();
    }
  },
);
