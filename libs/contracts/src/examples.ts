import type { EventData, EventType } from './events.ts';

const familyId = '0199f2a0-0000-7000-8000-000000000001';
const child = { childId: '0199f2a0-0000-7000-8000-000000000003', name: 'Maya Okafor' };

const coop: EventData<'homeroom.coop.opened.v1'> = {
  coopId: '0199f2a0-0000-7000-8000-00000000000a',
  version: 1,
  slug: 'willow-creek',
  name: 'Willow Creek Co-op',
  hosts: ['willow-creek.homeroom.example'],
  timeZone: 'America/Chicago',
  currency: 'USD',
  locale: 'en-US',
  status: 'open',
  quotas: { families: 400 },
};

const family: EventData<'homeroom.family.registered.v1'> = {
  familyId,
  version: 1,
  name: 'Okafor',
  guardians: [
    {
      guardianId: '0199f2a0-0000-7000-8000-000000000002',
      name: 'Ngozi Okafor',
      email: 'ngozi@example.org',
      emailVerified: true,
    },
  ],
  children: [{ ...child, birthDate: '2017-04-02' }],
};

const pottery: EventData<'homeroom.class.opened.v1'> = {
  classId: '0199f2a0-0000-7000-8000-000000000004',
  version: 1,
  title: 'Pottery for beginners',
  subject: 'art',
  teacher: 'Ines Duarte',
  room: 'Workshop',
  weekday: 'tuesday',
  startTime: '10:00',
  endTime: '11:30',
  firstDay: '2026-09-08',
  lastDay: '2026-12-15',
  timeZone: 'America/Chicago',
  ageMin: 7,
  ageMax: 11,
  capacity: 12,
  priceCents: 8500,
  currency: 'USD',
  status: 'open',
};

const enrollment = {
  enrollmentId: '0199f2a0-0000-7000-8000-000000000005',
  version: 1,
  familyId,
  child,
  class: pottery,
};

const account = { accountId: '0199f2a0-0000-7000-8000-000000000002', email: 'ngozi@example.org' };
const token = { tokenId: '0199f2a0-0000-7000-8000-000000000007', expiresAt: '2026-11-21T08:30:00.000Z' };
const elsewhere = {
  classId: '0199f2a0-0000-7000-8000-000000000008',
  title: 'Choir',
  weekday: 'tuesday',
  startTime: '10:30',
  endTime: '11:30',
} as const;
const amount = { amountCents: 8500, currency: 'USD' };

/** One valid example of the data of each event, for tests, documents and people. */
export const examples: { readonly [T in EventType]: EventData<T> } = {
  'homeroom.account.verification-requested.v1': { ...account, ...token },
  'homeroom.account.password-reset-requested.v1': { ...account, ...token },
  'homeroom.account.password-changed.v1': account,
  'homeroom.account.sign-in-attacked.v1': { ...account, failures: 50, withinMinutes: 15 },
  'homeroom.account.coordinator-saved.v1': {
    accountId: '0199f2a0-0000-7000-8000-000000000009',
    email: 'robin@example.org',
    name: 'Robin Okafor',
  },
  'homeroom.coop.opened.v1': coop,
  'homeroom.coop.configured.v1': { ...coop, version: 2, name: 'Willow Creek Homeschoolers' },
  'homeroom.coop.suspended.v1': { ...coop, version: 3, status: 'suspended' },
  'homeroom.coop.resumed.v1': { ...coop, version: 4 },
  'homeroom.family.registered.v1': family,
  'homeroom.family.changed.v1': { ...family, version: 2, name: 'Okafor-Lind' },
  'homeroom.class.opened.v1': pottery,
  'homeroom.class.changed.v1': { ...pottery, version: 2, capacity: 14 },
  'homeroom.class.canceled.v1': {
    class: { ...pottery, version: 3, status: 'closed' },
    canceledAt: '2026-11-21T08:00:00.000Z',
    reason: 'Too few children have enrolled.',
  },
  'homeroom.class.double-booked.v1': {
    class: pottery,
    conflicts: [{ over: 'room', ...elsewhere }],
    reason: 'The workshop has two halves.',
  },
  'homeroom.enrollment.waitlisted.v1': { ...enrollment, position: 3 },
  'homeroom.enrollment.seat-held.v1': { ...enrollment, amountCents: 8500 },
  'homeroom.enrollment.confirmed.v1': { ...enrollment, version: 2, amountCents: 8500 },
  'homeroom.enrollment.promoted.v1': { ...enrollment, version: 2, amountCents: 8500 },
  'homeroom.enrollment.offered.v1': {
    ...enrollment,
    ...amount,
    version: 2,
    reason: 'schedule_conflict',
    conflictsWith: elsewhere,
    expiresAt: '2026-11-23T08:00:00.000Z',
  },
  'homeroom.enrollment.offer-expired.v1': { ...enrollment, version: 3 },
  'homeroom.enrollment.payment-failed.v1': { ...enrollment, ...amount, version: 2, payBy: '2026-11-23T08:00:00.000Z' },
  'homeroom.enrollment.payment-delayed.v1': { ...enrollment, ...amount },
  'homeroom.enrollment.flagged.v1': { ...enrollment, reason: 'child_removed', familyName: 'Okafor' },
  'homeroom.enrollment.rescheduled.v1': {
    ...enrollment,
    version: 3,
    class: { ...pottery, version: 2, weekday: 'thursday', firstDay: '2026-09-10', lastDay: '2026-12-17' },
    status: 'enrolled',
    before: {
      weekday: 'tuesday',
      startTime: '10:00',
      endTime: '11:30',
      firstDay: '2026-09-08',
      lastDay: '2026-12-15',
      room: 'Workshop',
    },
  },
  'homeroom.enrollment.cancelled.v1': { ...enrollment, version: 3, reason: 'by_family', refundCents: 8500 },
  'homeroom.notification.sent.v1': {
    notificationId: '0199f2a0-0000-7000-8000-000000000006',
    familyId,
    kind: 'welcome',
    channel: 'email',
  },
};
