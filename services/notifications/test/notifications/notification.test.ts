import { describe, expect, test } from '@jest/globals';
import { examples, type EventType } from '@homeroom/contracts';
import { draftForEnrollment, draftsForRegistration, type FamilyEvent } from '../../src/notifications/notification.ts';
import type { EnrollmentEvent } from '../../src/notifications/wording.ts';

const event = (type: EventType, data: object = {}): unknown => ({
  id: '0199f2a0-0000-7000-8000-0000000000aa',
  type,
  source: '/enrollment',
  subject: 'x',
  time: new Date('2026-08-01T12:00:00Z'),
  data: { ...examples[type], ...data },
});
const enrollment = (type: EnrollmentEvent['type'], data: object = {}): EnrollmentEvent =>
  event(type, data) as EnrollmentEvent;
const registered = (data: object = {}): FamilyEvent => event('homeroom.family.registered.v1', data) as FamilyEvent;
const coop = { name: 'Willow Creek', timeZone: 'America/Chicago', locale: 'en-US' };

describe('what an enrollment’s event says', () => {
  test.each([
    [
      'homeroom.enrollment.confirmed.v1',
      'confirmed',
      'REQUEST',
      'confirmed',
      'Maya Okafor has a seat in Pottery for beginners',
    ],
    [
      'homeroom.enrollment.waitlisted.v1',
      'waitlisted',
      'REQUEST',
      'tentative',
      'Maya Okafor is on the waitlist of Pottery for beginners',
    ],
    [
      'homeroom.enrollment.promoted.v1',
      'promoted',
      'REQUEST',
      'tentative',
      'A seat in Pottery for beginners is free for Maya Okafor',
    ],
    [
      'homeroom.enrollment.cancelled.v1',
      'cancelled',
      'CANCEL',
      'cancelled',
      'Maya Okafor is no longer enrolled in Pottery for beginners',
    ],
  ] as const)('%s: one %s mail that a calendar understands', (type, kind, method, status, subject) => {
    const draft = draftForEnrollment(enrollment(type), coop);
    expect(draft).toMatchObject({ kind, subject, audience: `family:${examples[type].familyId}` });
    expect(draft?.mail?.invitation.method).toBe(method);
    expect(draft?.mail?.invitation.entry).toMatchObject({
      uid: `enrollment-${examples[type].enrollmentId}@homeroom`,
      sequence: examples[type].version,
      status,
    });
  });

  test('a held seat says nothing: the answer to the request did', () => {
    expect(draftForEnrollment(enrollment('homeroom.enrollment.seat-held.v1'), coop)).toBeUndefined();
  });

  test('money is named when there is some, and not when there is none', () => {
    expect(draftForEnrollment(enrollment('homeroom.enrollment.confirmed.v1'), coop)?.body).toContain('$85.00');
    expect(
      draftForEnrollment(enrollment('homeroom.enrollment.confirmed.v1', { amountCents: 0 }), coop)?.body,
    ).not.toContain('$');
    expect(draftForEnrollment(enrollment('homeroom.enrollment.cancelled.v1'), coop)?.body).toContain('refund $85.00');
  });

  test('a late notification says that it was delayed', () => {
    expect(
      draftForEnrollment(enrollment('homeroom.enrollment.confirmed.v1'), coop, { version: 9, status: 'cancelled' })
        ?.body,
    ).toMatch(/^This message was delayed/);
  });

  test('names with line breaks stay in one line', () => {
    const child = { ...examples['homeroom.enrollment.confirmed.v1'].child, name: 'Maya\r\nBcc: evil@example.org' };
    expect(draftForEnrollment(enrollment('homeroom.enrollment.confirmed.v1', { child }), coop)?.subject).toBe(
      'Maya Bcc: evil@example.org has a seat in Pottery for beginners',
    );
  });
});

describe('what a registration says', () => {
  test('the family is invited to the orientation; the coordinators are notified without a mail', () => {
    const [welcome, notice] = draftsForRegistration(registered(), coop);
    expect(welcome).toMatchObject({ kind: 'welcome', subject: 'Welcome to Willow Creek' });
    expect(welcome.mail.invitation).toMatchObject({
      method: 'REQUEST',
      entry: { startTime: '10:00', status: 'confirmed' },
    });
    expect(notice).toMatchObject({
      kind: 'family_registered',
      audience: 'coordinators',
      subject: 'New family: Okafor',
    });
    expect(notice.body).toContain('1 child.');
    expect(notice.mail).toBeUndefined();
  });
});
