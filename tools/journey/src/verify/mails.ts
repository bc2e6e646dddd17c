import type { Mail } from '../client/api.ts';
import { count, type Difference, type Evidence, type FamilyEvidence } from '../evidence/evidence.ts';
import { accountMailsOf, isAccountMail, mailsOf } from '../evidence/expected.ts';
import { readInvitation } from './invitation.ts';

const notificationOf = ({ headers }: Mail): string => headers['x-homeroom-notification'] ?? '';
const kindOf = ({ headers }: Mail): string => headers['x-homeroom-kind'] ?? '';

/** One welcome per family and one mail per outcome, each with its invitation. Inbox and live stream have the same. */
export function verifyMails({ families, mails, announced }: Evidence): Difference[] {
  const byAddress = Map.groupBy(mails, ({ to }) => to.join(','));
  const known = new Set(families.map(({ email }) => email));
  const notices = count(announced);
  return [
    ...[...byAddress.keys()].filter((to) => !known.has(to)).map((to) => `a mail went to ${to}`),
    ...families.flatMap((family) => verifyFamily(family, byAddress.get(family.email) ?? [])),
    ...families
      .filter(({ id }) => notices.get(id) !== 1)
      .map(({ id, email }) => `coordinators were notified ${notices.get(id) ?? 0} times of ${email}`),
  ];
}

/** The link that confirms the address is first, with no other mail before the confirmation. */
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
  const { email, inbox } = family;
  const mails = all.filter((mail) => !isAccountMail(mail));
  const welcomes = mails.filter((mail) => kindOf(mail) === 'welcome');
  return [
    ...verifyAccountMails(family, all),
    ...(welcomes.length === 1 ? [] : [`${email}: ${welcomes.length} welcome mails`]),
    ...verifyInbox(email, inbox, mails),
    ...verifyStream(family),
    ...verifyOutcomes(family, mails),
    ...verifyInvitations(welcomes, email, ''),
  ];
}

function verifyInbox(email: string, inbox: FamilyEvidence['inbox'], mails: readonly Mail[]): Difference[] {
  const sent = count(mails.map(notificationOf));
  const entries = new Map(inbox.map((entry) => [entry.id, entry]));
  const differences = inbox
    .filter(({ id }) => sent.get(id) !== 1)
    .map(({ id, kind }) => `${email}: the inbox has a ${kind} that was mailed ${sent.get(id) ?? 0} times`);
  if (entries.size !== inbox.length) differences.push(`${email}: the inbox lists an entry twice`);
  for (const mail of mails) {
    const entry = entries.get(notificationOf(mail));
    if (entry?.kind !== kindOf(mail))
      differences.push(`${email}: a ${kindOf(mail)} mail is ${entry?.kind ?? 'not'} in the inbox`);
  }
  return differences;
}

function verifyStream({ email, inbox, streamed }: FamilyEvidence): Difference[] {
  if (streamed === undefined) return [];
  const missed = inbox.filter(({ id }) => !streamed.has(id)).length;
  return [
    ...(missed > 0 ? [`${email}: its open page missed ${missed} entries`] : []),
    ...(streamed.size > inbox.length - missed ? [`${email}: its open page received more than the inbox has`] : []),
  ];
}

/** One mail per outcome of each enrollment, with an invitation that fits it. */
function verifyOutcomes(
  { email, inbox, enrollments, histories }: FamilyEvidence,
  mails: readonly Mail[],
): Difference[] {
  const enrollmentOf = new Map(inbox.map(({ id, data }) => [id, data.enrollmentId]));
  const byEnrollment = Map.groupBy(mails, (mail) => enrollmentOf.get(notificationOf(mail)));
  return enrollments.flatMap(({ id, class: { title } }) => {
    const received = byEnrollment.get(id) ?? [];
    const kinds = received.map(kindOf).sort();
    const promised = mailsOf(histories.get(id) ?? []).sort();
    // a mail about a payment changes nothing in the calendar
    const dated = received.filter((mail) => !kindOf(mail).startsWith('payment_'));
    return [
      ...(kinds.join() === promised.join()
        ? []
        : [`${email}, ${title}: mails ${kinds.join(', ') || 'none'} instead of ${promised.join(', ')}`]),
      ...verifyInvitations(dated, `${email}, ${title}`, title),
    ];
  });
}

const withoutInvitation = ['payment_failed', 'payment_delayed'];
const endings = ['cancelled', 'class_canceled', 'offer_expired'];

/**
 * An enrollment is one calendar entry: one UID, and CANCEL only at its end. An entry that was never sent is not canceled.
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
