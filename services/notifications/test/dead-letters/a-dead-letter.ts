import { randomUUID } from 'node:crypto';
import type { DeadLetter } from '../../src/dead-letters/dead-letter.ts';

let offset = 0;

/** A dead letter as the consumer stores it. */
export const aDeadLetter = (data: Partial<DeadLetter> = {}): DeadLetter => ({
  topic: 'homeroom.family.v1',
  partition: 0,
  offset: String(offset++),
  key: Buffer.from(randomUUID()),
  value: Buffer.from('{"familyId":1}'),
  headers: [['ce_id', Buffer.from('1').toString('base64')]],
  reason: 'UnreadableEventError: data does not fit',
  consumerGroup: 'enrollment',
  eventType: 'homeroom.family.registered.v1',
  eventId: '1',
  obstacle: null,
  failedAt: new Date('2026-08-01T12:00:00Z'),
  ...data,
});
