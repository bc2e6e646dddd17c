import { describe, expect, test } from '@jest/globals';
import type { Evidence, FamilyEvidence } from '../src/evidence/evidence.ts';
import { promises } from '../src/verify/verify.ts';
import { accountMailOf, ics, mailOf, quiet } from './evidence.ts';

const differences = (evidence: Evidence): string[] => promises.flatMap(({ verify }) => verify(evidence));
const change = (evidence: Evidence, index: number, change: Partial<FamilyEvidence>): Evidence => ({
  ...evidence,
  families: evidence.families.map((family, at) => (at === index ? { ...family, ...change } : family)),
});

test('a co-op in which nothing is wrong shows no difference', () => {
  expect(differences(quiet())).toEqual([]);
});

describe('what is wrong is seen', () => {
  const given = quiet();
  const [okafor, lind] = given.families as [FamilyEvidence, FamilyEvidence];
  const [seat, place] = [okafor.enrollments[0]!, lind.enrollments[0]!];
  const wish = okafor.wishes[0]!;
  const course = given.classes[0]!;
  const charge = given.charges[0]!;
  const refused = (code: string): Partial<FamilyEvidence> => ({
    ...okafor,
    wishes: [
      wish,
      {
        ...wish,
        class: { ...course, id: 'weaving', weekday: 'friday' },
        outcome: { kind: 'refused', code, detail: '' },
      },
    ],
  });

  const wrongs: [string, Evidence, RegExp][] = [
    [
      'a seat too many',
      {
        ...change(given, 1, { enrollments: [{ ...place, status: 'enrolled' }] }),
        rosters: new Map([[course.id, given.rosters.get(course.id)!.map((one) => ({ ...one, status: 'enrolled' as const }))]]),
      },
      /2 seats taken of 1/,
    ],
    ['a count that is not true', { ...given, classes: [{ ...course, seatsLeft: 1 }] }, /says 1 seats left/],
    ['a waitlist that is not true', { ...given, classes: [{ ...course, waitlisted: 0 }] }, /says 0 wait, the roster has 1/],
    ['a child that waits while a seat is free', { ...given, classes: [{ ...course, capacity: 2, seatsLeft: 1 }] }, /1 wait and only 1 of 2/],
    ['a roster without a child that has a seat', { ...given, rosters: new Map() }, /not on the roster/],
    ['a wish that got no answer', change(given, 0, { wishes: [{ ...wish, outcome: { kind: 'broken', what: '500' } }] }), /neither granted nor refused/],
    ['an enrollment without a wish', change(given, 0, { wishes: [] }), /was never granted/],
    ['a grant that vanished', change(given, 0, { enrollments: [] }), /is not in its list/],
    ['a child of the wrong age with a seat', change(given, 0, { wishes: [{ ...wish, birthDate: '2010-01-01' }] }), /too young or too old/],
    ['a refusal for its age of a child that fits', change(given, 0, refused('age_out_of_range')), /age_out_of_range .*not so/],
    ['a refusal for a clash without one', change(given, 0, refused('schedule_conflict')), /schedule_conflict .*not so/],
    ['a refusal for no known reason', change(given, 0, refused('teapot')), /teapot .*not so/],
    ['an offer without an answer', change(given, 0, { enrollments: [{ ...seat, status: 'offered' }] }), /still waits for an answer/],
    ['a seat that still waits for money', change(given, 0, { enrollments: [{ ...seat, status: 'payment_pending' }] }), /still waits for its payment/],
    ['a status that the events do not give', change(given, 1, { histories: new Map([['lind-1', [{ version: 1, type: 'cancelled' }]]]) }), /its history says cancelled/],
    ['a gap in a history', change(given, 0, { histories: new Map([['okafor-1', [{ version: 1, type: 'seat-held' }, { version: 3, type: 'confirmed' }]]]) }), /history has 1, 3/],
    ['a second welcome', { ...given, mails: [...given.mails, given.mails[2]!] }, /2 welcome mails/],
    ['no welcome', { ...given, mails: given.mails.filter(({ id }) => id !== 'okafor-welcome') }, /0 welcome mails/],
    ['a mail before the address was confirmed', change(given, 0, { mailsBeforeConfirmed: 2 }), /had 2 mails when it confirmed/],
    ['an address that was not confirmed', change(given, 0, { mailsBeforeConfirmed: undefined }), /had no mails when it confirmed/],
    ['a link that was not mailed', { ...given, mails: given.mails.slice(1) }, /about its account: none instead of verification/],
    ['a password that was changed without a mail', change(given, 0, { passwordReset: true }), /verification instead of verification, password_reset, password_changed/],
    ['a mail about a password that was not changed', { ...given, mails: [...given.mails, accountMailOf('lind@x.test', 'password_changed')] }, /verification, password_changed instead of verification/],
    ['a mail that did not come', { ...given, mails: given.mails.filter(({ id }) => id !== 'lind-mail') }, /mails none instead of waitlisted/],
    ['a mail that came twice', { ...given, mails: [...given.mails, given.mails[5]!] }, /waitlisted, waitlisted instead of waitlisted/],
    ['a mail to a stranger', { ...given, mails: [...given.mails, mailOf('x', 'x@x.test', 'welcome', ics('x'))] }, /a mail went to x@x.test/],
    ['an inbox that has less than was mailed', change(given, 0, { inbox: okafor.inbox.slice(0, 1) }), /confirmed mail is not in the inbox/],
    ['an inbox that has more than was mailed', change(given, 0, { inbox: [...okafor.inbox, { id: 'y', kind: 'promoted', data: {} }] }), /promoted that was mailed 0 times/],
    ['an open page that missed a notification', change(given, 0, { streamed: new Set(['okafor-mail']) }), /missed 1/],
    ['an open page that received another family’s entry', change(given, 0, { streamed: new Set([...okafor.inbox.map(({ id }) => id), 'lind-mail']) }), /received more/],
    ['a mail without an invitation', { ...given, mails: given.mails.map((mail) => ({ ...mail, attachments: [] })) }, /no \.ics/],
    ['an invitation that cannot be read', { ...given, mails: given.mails.map((mail) => ({ ...mail, attachments: [{ contentType: 'text/calendar', content: 'BEGIN:VCALENDAR' }] })) }, /mail: /],
    ['an invitation that cancels what is confirmed', { ...given, mails: [...given.mails.slice(0, 3), mailOf('okafor-mail', 'okafor@x.test', 'confirmed', ics('okafor-1', 'CANCEL')), ...given.mails.slice(4)] }, /says CANCEL/],
    ['a cancellation of what was never in a calendar', { ...given, mails: [...given.mails.slice(0, 3), mailOf('okafor-mail', 'okafor@x.test', 'cancelled', ics('okafor-1', 'CANCEL')), ...given.mails.slice(4)] }, /the cancelled mail has an .ics/],
    ['a family without a notice to coordinators', { ...given, announced: ['okafor'] }, /0 times of lind/],
    ['a seat that was charged twice', { ...given, charges: [charge, { ...charge, id: 'ch2' }] }, /charged 2 times/],
    ['a seat without a payment', { ...given, charges: [] }, /paid nothing/],
    ['a wrong amount', { ...given, charges: [{ ...charge, amountCents: 1 }] }, /charged 1 instead of 14500/],
    ['money for a place on the waitlist', { ...given, charges: [charge, { ...charge, id: 'ch2', reference: 'lind-1' }] }, /paid without a seat/],
    ['a charge for nothing', { ...given, charges: [charge, { ...charge, id: 'ch2', reference: 'nobody' }] }, /no enrollment of this run/],
    ['money that was not given back', change(given, 0, { enrollments: [{ ...seat, status: 'cancelled' }], cancels: [{ enrollmentId: seat.id, refundCents: 14_500 }] }), /got back 0 instead of 14500/],
    ['money given back for a seat that is kept', { ...given, refunds: [{ id: 're', chargeId: 'ch', amountCents: 14_500, reference: 'okafor-1' }] }, /got back 14500 instead of 0/],
    ['a child that is left in a canceled class', { ...given, changes: { canceled: { classId: 'pottery', reason: 'why' } } }, /is enrolled in a canceled class/],
    ['a canceled class without a mail that gives the reason', { ...change(given, 0, { histories: new Map([['okafor-1', [{ version: 1, type: 'cancelled', classCanceled: {} }]]]) }), changes: { canceled: { classId: 'pottery', reason: 'why' } } }, /0 mails give the reason of 1/],
    ['a family that was not notified of a moved class', { ...given, changes: { moved: { classId: 'pottery', room: 'Meadow' } } }, /moved 0 times with 0 mails instead of 1/],
    ['a client that was rate limited', { ...given, traffic: { ...given.traffic, rateLimited: ['127.9.0.1 GET /api/classes'] } }, /rate limited at a normal pace/],
  ]; // prettier-ignore

  test.each(wrongs)('%s', (_name, evidence, sentence) => {
    expect(differences(evidence).join('\n')).toMatch(sentence);
  });
});
