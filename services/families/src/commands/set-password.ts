import { connectRedis, loadConfig } from '@homeroom/chassis';
import { openSessions } from '@homeroom/sessions';
import { z } from 'zod';
import { newPassword } from '../accounts/schemas.ts';
import { findAccount, setPassword } from '../accounts/store.ts';
import { sessionsConfig } from '../config.ts';
import { email } from '../text.ts';
import { parseOptions, runCommand } from './command.ts';

await runCommand(
  {
    usage: `Gives an account a new password and ends all its sessions.

  set-password --email <email> --password <at least 8 characters>

DATABASE_URL names the families database, REDIS_SESSIONS_URL the Redis with the sessions.`,
    options: ['email', 'password'],
  },
  async ({ values }, { database, passwords }) => {
    const given = parseOptions(z.object({ email, password: newPassword }), values);
    const { REDIS_SESSIONS_URL: url } = loadConfig(sessionsConfig);
    const account = await findAccount(database, given.email);
    if (account === undefined) throw new Error(`nobody has the email ${given.email}`);
    const { accountId } = account.principal;
    await setPassword(database, accountId, await passwords.hash(given.password));
    const redis = await connectRedis(url, { commandTimeoutMs: 5_000 });
    try {
      const ended = await openSessions({ redis }).destroyAll(accountId);
      return `${given.email} has a new password; ${ended} sessions ended`;
    } finally {
      redis.disconnect();
    }
  },
);
