import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Mail } from '../client/api.ts';
import { read } from '../client/browser.ts';
import type { Mailroom } from '../client/outside.ts';
import { until } from '../client/until.ts';
import type { Household } from './household.ts';
import { signIn } from './register.ts';

const nothing = z.unknown();

/** The token of a mailed link, in the URL's fragment, which no server sees. */
const tokenIn = ({ text }: Mail, page: 'verify' | 'reset'): string | undefined =>
  new RegExp(`/account/${page}#([\\w.~-]+)`).exec(text)?.[1];

const isTo = ({ cast }: Household, { to }: Mail): boolean => to.includes(cast.guardian.email);

/**
 * Confirms the families' addresses with the mailed links, as the mails arrive.
 * @param registered the number of registered families; undefined while registration goes on.
 * @throws {TooLateError} when a link does not arrive in time.
 */
export async function confirmAddresses(
  households: readonly Household[],
  mailroom: Mailroom,
  { registered, timeoutMs }: { readonly registered: () => number | undefined; readonly timeoutMs: number },
): Promise<void> {
  const byEmail = new Map(households.map((household) => [household.cast.guardian.email, household]));
  let [read, confirmed] = [0, 0];
  await until(
    'every family received a link that confirms its address',
    async () => {
      const mails = await mailroom.fetch();
      const links = mails.slice(read).flatMap((mail) => {
        const [household, token] = [byEmail.get(mail.to[0] ?? ''), tokenIn(mail, 'verify')];
        return household === undefined || token === undefined ? [] : [{ household, token }];
      });
      read = mails.length;
      await Promise.all(
        links.map(async ({ household, token }) => {
          household.mailsBeforeConfirmed = mails.filter((mail) => isTo(household, mail)).length;
          const body = { token };
          await household.browser.expect(['POST', '/api/email-verifications/confirm'], [204, nothing], { body });
        }),
      );
      confirmed += links.length;
      return confirmed >= (registered() ?? Number.POSITIVE_INFINITY) || undefined;
    },
    { timeoutMs, everyMs: 250 },
  );
}

/** Resets the password by mail. The old password and the sessions must be invalid afterwards. */
export async function resetPassword(household: Household, mailroom: Mailroom, timeoutMs: number): Promise<void> {
  const { browser, cast } = household;
  const { email } = cast.guardian;
  await browser.expect(['POST', '/api/password-resets'], [202, nothing], { body: { email } });
  const token = await until(
    `${email} received a link that resets its password`,
    async () => {
      const mails = (await mailroom.fetch()).filter((mail) => isTo(household, mail));
      return mails.map((mail) => tokenIn(mail, 'reset')).find((one) => one !== undefined);
    },
    { timeoutMs, everyMs: 250 },
  );
  const [old, password] = [household.password, randomUUID()];
  await browser.expect(['POST', '/api/password-resets/confirm'], [204, nothing], { body: { token, password } });
  household.passwordReset = true;
  read(await browser.send('GET', '/api/sessions'), 401, nothing);
  read(await browser.send('POST', '/api/sessions', { body: { email, password: old } }), 401, nothing);
  household.password = password;
  await signIn(household);
}
