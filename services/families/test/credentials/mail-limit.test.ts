import { createLogger } from '@homeroom/chassis';
import { connectRedis } from '@homeroom/redis';
import { startFaultProxy, testRedis } from '@homeroom/testing';
import { expect, test } from '@jest/globals';
import { countedAs, openMailLimit } from '../../src/credentials/mail-limit.ts';

test.each([
  ['verify_email', 'ngozi@example.org', 'ngozi@example.org'],
  ['verify_email', 'ngozi+coop@example.org', 'ngozi@example.org'],
  ['verify_email', 'ngozi+a+b@example.org', 'ngozi@example.org'],
  ['verify_email', '+odd@example.org', '+odd@example.org'],
  ['reset_password', 'ngozi@example.org', 'ngozi@example.org'],
  ['reset_password', 'ngozi+coop@example.org', 'ngozi+@example.org'],
  ['reset_password', 'ngozi+other@example.org', 'ngozi+@example.org'],
] as const)('for %s, %s counts as %s', (purpose, email, mailbox) => expect(countedAs(purpose, email)).toBe(mailbox));

test('while Redis is down each process counts alone, and neither mails without bound nor stops mailing', async () => {
  const { sessionsUrl, keyPrefix } = await testRedis();
  const target = new URL(sessionsUrl);
  const proxy = await startFaultProxy({ target: { host: target.hostname, port: Number(target.port) } });
  const redis = await connectRedis(proxy.through(sessionsUrl), { commandTimeoutMs: 200 });
  const logger = createLogger({ service: 'families', level: 'silent', format: 'json' });
  const limit = openMailLimit({ redis, keyPrefix, perMailbox: 2, perAddress: 3, logger });
  const mail = (email: string) =>
    ({ purpose: 'verify_email', account: { coopId: 'one', email }, address: '10.0.0.1' }) as const;
  try {
    for (const fault of [() => proxy.hang(), () => proxy.refuse()]) {
      fault();
      const email = `${fault.toString().length}-${Math.random()}@example.org`;
      expect(await limit.take(mail(email))).toBe(0);
      await limit.refund(mail(email));
      expect(await limit.take({ ...mail(email), address: '10.0.0.2' })).toBe(0);
      expect(await limit.take({ ...mail(email), address: '10.0.0.3' })).toBe(0);
      expect(await limit.take({ ...mail(email), address: '10.0.0.4' })).toBeGreaterThan(3_000_000);
    }
  } finally {
    redis.disconnect();
    await proxy.close();
  }
});
