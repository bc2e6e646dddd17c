import type { Mail } from '../api.ts';
import { count, type Difference, type Evidence, type FamilyEvidence } from '../evidence.ts';
import { accountMailsOf, isAccountMail, mailsOf } from '../expected.ts';
import { readInvitation } from './invitation.ts';

const notificationOf = ({ headers }: Mail): string => headers['x-homeroom-notification'] ?? '';
const kindOf = ({ headers }: Mail): string => headers['x-homeroom-kind'] ?? '';

/** One welcome per family, one mail per outcome, each with an invitation that fits it; inbox and live stream have the same. */
export function verifyMails({ families, mails, announced }: Evidence): Difference[] {
  const byAddress = Map.groupBy(mails, ({ to }) => to.join(','));
  const known = new Set(families.map(({ email }) => email));
  const heard = count(announced);
  return [
    ...[...byAddress.keys()].filter((to) => !known.has(to)).map((to) => `a mail went to ${to}`),
    ...families.flatMap((family) => verifyFamily(family, byAddress.get(family.email) ?? [])),
    ...families
      .filter(({ id }) => heard.get(id) !== 1)
      .map(({ id, email }) => `coordinators heard ${heard.get(id) ?? 0} times of ${email}`),
  ];
}

/** The link that confirms the address comes first, and nothing else before the address is confirmed. */
function verifyAccountMails(
  { email, passwordReset, mailsBeforeConfirmed }: FamilyEvidence,
  all: readonly Mail[],
): Difference[] {
  const got = all.filter(isAccountMail).map(kindOf).join(', ');
  const promised = accountMailsOf({ passwordReset }).join(', ');
  const differences: Difference[] = [];
  if (got !== promised) differences.push(`${email}: mails about its account: ${got || 'none'} instead of ${promised}`);
  if (mailsBeforeConfirmed !== 1)
    differences.push(`${email}: had ${mailsBeforeConfirmed ?? 'no'} mails when it confirmed its address, instead of 1`);
  return differences;
}

function verifyFamily(family: FamilyEvidence, all: readonly Mail[]): Difference[] {
  const { email, inbox, enrollments, histories, heard } = family;
  const mails = all.filter((mail) => !isAccountMail(mail));
  const welcomes = mails.filter((mail) => kindOf(mail) === 'welcome');
  const differences = verifyAccountMails(family, all);
  if (welcomes.length !== 1) differences.push(`${email}: ${welcomes.length} welcome mails`);

  const ids = count(mails.map(notificationOf));
  for (const { id, kind } of inbox) {
    if (ids.get(id) !== 1)
      differences.push(`${email}: the inbox has a ${kind} that was mailed ${ids.get(id) ?? 0} times`);
  }
  const entries = new Map(inbox.map((entry) => [entry.id, entry]));
  if (entries.size !== inbox.length) differences.push(`${email}: the inbox lists an entry twice`);
  for (const mail of mails) {
    const entry = entries.get(notificationOf(mail));
    if (entry?.kind !== kindOf(mail))
      differences.push(`${email}: a ${kindOf(mail)} mail is ${entry?.kind ?? 'not'} in the inbox`);
  }

  if (heard !== undefined) {
    const unheard = inbox.filter(({ id }) => !heard.has(id)).length;
    if (unheard > 0) differences.push(`${email}: its open page did not hear of ${unheard} entries`);
    if (heard.size > inbox.length - unheard)
      differences.push(`${email}: its open page heard of more than the inbox has`);
  }

  const about = Map.groupBy(mails, (mail) => entries.get(notificationOf(mail))?.data.enrollmentId ?? '');
  for (const {
    id,
    class: { title },
  } of enrollments) {
    const got = (about.get(id) ?? []).map(kindOf).sort();
    const promised = mailsOf(histories.get(id) ?? []).sort();
    if (got.join() !== promised.join())
      differences.push(`${email}, ${title}: mails ${got.join(', ') || 'none'} instead of ${promised.join(', ')}`);
    // a mail about a payment changes nothing in the calendar
    const dated = (about.get(id) ?? []).filter((mail) => !kindOf(mail).startsWith('payment_'));
    differences.push(...verifyInvitations(dated, `${email}, ${title}`, title));
  }
  return [...differences, ...verifyInvitations(welcomes, email, '')];
}

const withoutInvitation = ['payment_failed', 'payment_delayed'];
const endings = ['cancelled', 'offer_expired'];

/**
 * An enrollment is one entry in the calendar, whatever happens to it: one UID, and CANCEL only at its end. What was never put
 * into a calendar is not canceled there.
 */
function verifyInvitations(mails: readonly Mail[], name: string, title: string): Difference[] {
  const uids = new Set<string>();
  const differences = mails.flatMap((mail) => {
    const kind = kindOf(mail);
    const isEnd = endings.includes(kind);
    const isWithout = withoutInvitation.includes(kind) || (isEnd && uids.size === 0);
    if (isWithout) return mail.attachments.length === 0 ? [] : [`${name}: the ${kind} mail has an .ics`];
    try {
      const { method, uid, summary } = readInvitation(mail);
      uids.add(uid);
      if ((method === 'CANCEL') !== isEnd) return [`${name}: the ${kind} mail's .ics says ${method}`];
      return summary.includes(title) ? [] : [`${name}: the .ics is about “${summary}”`];
    } catch (error) {
      return [`${name}: the ${kind} mail: ${String(error)}`];
    }
  });
  return uids.size > 1 ? [...differences, `${name}: ${uids.size} entries in the calendar`] : differences;
}
