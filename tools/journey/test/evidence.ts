import type { ClassView, Mail } from '../src/client/api.ts';
import type { Evidence, FamilyEvidence } from '../src/evidence/evidence.ts';

const pottery: ClassView = {
  id: 'pottery',
  title: 'Pottery bcdfghj',
  weekday: 'tuesday',
  startTime: '10:00',
  endTime: '11:30',
  firstDay: '2027-01-12',
  lastDay: '2027-05-18',
  ageMin: 7,
  ageMax: 11,
  capacity: 1,
  seatsLeft: 0,
  waitlisted: 1,
  priceCents: 14_500,
  currency: 'USD',
};
const about = { class: { id: pottery.id, title: pottery.title }, child: { id: 'maya', name: 'Maya' } };

export const ics = (uid: string, method = 'REQUEST'): string =>
  `BEGIN:VCALENDAR
VERSION:2.0
PRODID:test
METHOD:${method}
BEGIN:VEVENT
UID:${uid}
DTSTAMP:20261121T100000Z
DTSTART:20270112T100000
DTEND:20270112T113000
SUMMARY:${pottery.title}: Maya
END:VEVENT
END:VCALENDAR
`.replaceAll('\n', '\r\n');

export const mailOf = (id: string, to: string, kind: string, content: string): Mail => ({
  id,
  to: [to],
  subject: kind,
  text: '',
  headers: { 'x-homeroom-notification': id, 'x-homeroom-kind': kind },
  attachments: [{ contentType: 'text/calendar', content }],
});

function family(name: string, kind: 'seat' | 'waitlist'): FamilyEvidence {
  const id = `${name}-1`;
  const status = kind === 'seat' ? 'enrolled' : 'waitlisted';
  const types = kind === 'seat' ? ['seat-held', 'confirmed'] : ['waitlisted'];
  return {
    id: name,
    email: `${name}@x.test`,
    wishes: [{ childId: 'maya', birthDate: '2018-04-02', class: pottery, outcome: { kind, enrollmentId: id, status } }],
    cancels: [],
    enrollments: [{ id, status, version: types.length, amountCents: kind === 'seat' ? 14_500 : 0, ...about }],
    histories: new Map([[id, types.map((type, index) => ({ version: index + 1, type }))]]),
    inbox: [
      { id: `${name}-welcome`, kind: 'welcome', data: {} },
      { id: `${name}-mail`, kind: kind === 'seat' ? 'confirmed' : 'waitlisted', data: { enrollmentId: id } },
    ],
    mailsBeforeConfirmed: 1,
    passwordReset: false,
  };
}

/** A mail about an account: of no inbox, without an invitation. */
export const accountMailOf = (to: string, kind: string): Mail => ({ ...mailOf(kind, to, kind, ''), attachments: [] });

/** Two families and a class with one seat: the Okafors have it, the Linds wait. Nothing is wrong. */
export const quiet = (): Evidence => ({
  classes: [pottery],
  rosters: new Map([
    [
      pottery.id,
      [
        { enrollmentId: 'okafor-1', status: 'enrolled' },
        { enrollmentId: 'lind-1', status: 'waitlisted' },
      ],
    ],
  ]),
  families: [family('okafor', 'seat'), family('lind', 'waitlist')],
  mails: [
    accountMailOf('okafor@x.test', 'verification'),
    accountMailOf('lind@x.test', 'verification'),
    mailOf('okafor-welcome', 'okafor@x.test', 'welcome', ics('o')),
    mailOf('okafor-mail', 'okafor@x.test', 'confirmed', ics('okafor-1')),
    mailOf('lind-welcome', 'lind@x.test', 'welcome', ics('l')),
    mailOf('lind-mail', 'lind@x.test', 'waitlisted', ics('lind-1')),
  ],
  charges: [{ id: 'ch', status: 'succeeded', amountCents: 14_500, currency: 'USD', reference: 'okafor-1' }],
  refunds: [],
  announced: ['okafor', 'lind'],
  changes: {},
  traffic: { requests: 10, repeated: 0, rateLimited: [] },
});
