import { describe, expect, test } from '@jest/globals';
import { examples, firstCoopId } from '@homeroom/contracts';
import { classEntry } from '../../src/calendars/calendar.ts';
import { composeFamilyMail, type DueFamilyMail } from '../../src/deliveries/family-mail.ts';
import { UnusableAddressError } from '../../src/deliveries/mail.ts';
import { formatOf } from '../../src/wording/format.ts';

const due: DueFamilyMail = {
  coopId: firstCoopId,
  id: '0199f2a0-0000-7000-8000-000000000006',
  familyId: '0199f2a0-0000-7000-8000-000000000001',
  attempts: 1,
  kind: 'confirmed',
  subject: 'Maya has a seat',
  body: 'Maya is enrolled in <b>Pottery</b> & more.',
  createdAt: new Date('2026-08-01T12:00:00Z'),
  invitation: {
    method: 'REQUEST',
    entry: classEntry(
      { uid: 'u@homeroom', sequence: 2, status: 'confirmed', childName: 'Maya' },
      examples['homeroom.class.opened.v1'],
      formatOf('en-US'),
    ),
  },
  familyName: 'Okafor',
  guardianName: 'Ngozi Okafor',
  email: 'ngozi@example.org',
  traceparent: null,
};
const settings = {
  coopName: 'Willow Creek',
  from: { name: 'Willow Creek', address: 'hello@willow.example' },
  timeZone: 'America/Chicago',
  locale: 'en-US',
  origin: 'https://willow.example',
};

describe('a mail', () => {
  test('is named after its notification, so that a duplicate can be recognized', () => {
    const mail = composeFamilyMail(due, settings);
    expect(mail.messageId).toBe(`<${due.id}@homeroom>`);
    expect(mail.headers).toEqual({
      'X-Homeroom-Notification': due.id,
      'X-Homeroom-Kind': 'confirmed',
      'Auto-Submitted': 'auto-generated',
    });
    expect(composeFamilyMail({ ...due, attempts: 7 }, settings)).toEqual(mail);
  });

  test('its HTML shows text as text', () => {
    expect(composeFamilyMail(due, settings).html).toContain('enrolled in &lt;b&gt;Pottery&lt;/b&gt; &amp; more.');
    expect(composeFamilyMail(due, settings).text).toContain('enrolled in <b>Pottery</b> & more.');
  });

  test('line breaks in names and subjects become spaces', () => {
    const mail = composeFamilyMail(
      { ...due, subject: 'Hi\r\nBcc: evil@example.org', guardianName: 'N\nTo: evil@example.org' },
      settings,
    );
    expect(mail.subject).toBe('Hi Bcc: evil@example.org');
    expect(mail.to.name).toBe('N To: evil@example.org');
  });

  test.each([
    'a@b.example\r\nRCPT TO:<evil@example.org>',
    'a@b.example, evil@example.org',
    'Evil <evil@example.org>',
    'a@b@c.example',
    'no-at.example',
    '',
    'a b@c.example',
    '"a"@c.example',
    'müller@bücher.example',
    `${'l'.repeat(65)}@example.org`,
  ])('is not sent to %j', (email) => {
    expect(() => composeFamilyMail({ ...due, email }, settings)).toThrow(UnusableAddressError);
  });

  test.each(['ngozi@example.org', "o'neil+kids@sub.example.co", 'mueller@xn--bcher-kva.example'])(
    'is sent to %j',
    (email) => {
      expect(composeFamilyMail({ ...due, email }, settings).envelope.to).toBe(email);
    },
  );
});
