import { describe, expect, test } from '@jest/globals';
import {
  deadLetterTopic,
  decodeEvent,
  encodeEvent,
  eventTypes,
  examples,
  firstCoopId,
  UnreadableEventError,
  type DomainEvent,
  type EventType,
} from '../src/index.ts';

const types = Object.keys(eventTypes) as EventType[];
const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

const coopId = '0199f2a0-0000-7000-8000-00000000000c';

const eventOf = (type: EventType): DomainEvent =>
  ({
    id: '0199f2a0-0000-7000-8000-0000000000aa',
    type,
    coopId,
    source: '/families',
    subject: '0199f2a0-0000-7000-8000-000000000001',
    time: new Date('2026-11-21T08:00:00Z'),
    traceparent,
    data: examples[type],
  }) as DomainEvent;

const message = (change: Record<string, string | undefined>, value: Buffer | null = null) => {
  const encoded = encodeEvent(eventOf('homeroom.family.registered.v1'));
  return { headers: { ...encoded.headers, ...change }, value: value ?? encoded.value };
};

test.each(types)('%s comes back from the wire as it was sent', (type) => {
  expect(decodeEvent(encodeEvent(eventOf(type)))).toEqual(eventOf(type));
});

test('an event travels in CloudEvents binary mode', () => {
  const { headers, value } = encodeEvent(eventOf('homeroom.family.registered.v1'));
  expect(headers).toEqual({
    ce_specversion: '1.0',
    ce_id: '0199f2a0-0000-7000-8000-0000000000aa',
    ce_type: 'homeroom.family.registered.v1',
    ce_source: '/families',
    ce_subject: '0199f2a0-0000-7000-8000-000000000001',
    ce_coopid: coopId,
    ce_time: '2026-11-21T08:00:00.000Z',
    'content-type': 'application/json',
    traceparent,
  });
  expect(JSON.parse(value.toString())).toEqual(examples['homeroom.family.registered.v1']);
});

test('an event from before there were co-ops belongs to the first one', () => {
  expect(decodeEvent(message({ ce_coopid: undefined }))?.coopId).toBe(firstCoopId);
  expect(decodeEvent(message({}))?.coopId).toBe(coopId);
});

test('a type from a newer publisher is no error', () => {
  expect(decodeEvent(message({ ce_type: 'homeroom.family.moved-abroad.v7' }))).toBeUndefined();
});

describe('a message that can never be read says why', () => {
  test.each([
    ['no CloudEvents version', message({ ce_specversion: undefined }), 'header ce_specversion is missing'],
    ['another CloudEvents version', message({ ce_specversion: '0.3' }), 'header ce_specversion is not 1.0'],
    ['no id', message({ ce_id: '' }), 'header ce_id is missing'],
    ['no time', message({ ce_time: 'yesterday' }), 'header ce_time is not a time'],
    ['a co-op that is no UUID', message({ ce_coopid: 'willow-creek' }), 'header ce_coopid is not a UUID'],
    ['an empty co-op', message({ ce_coopid: '' }), 'header ce_coopid is not a UUID'],
    ['no data', { ...message({}), value: null }, 'the message has no data'],
    ['data that is not JSON', message({}, Buffer.from('{"familyId":')), 'data is not JSON'],
    ['data that is not UTF-8', message({}, Buffer.from([0xff, 0xfe, 0x00])), 'data is not JSON'],
    ['data of another shape', message({}, Buffer.from('{}')), 'does not fit its schema at familyId'],
  ])('%s', (_, raw, reason) => {
    expect(() => decodeEvent(raw)).toThrow(UnreadableEventError);
    expect(() => decodeEvent(raw)).toThrow(reason);
  });
});

test('every topic has a dead-letter topic of its own', () => {
  const all = new Set(types.map((type) => deadLetterTopic(eventTypes[type].topic)));
  expect([...all].every((name) => name.endsWith('.v1.dlq'))).toBe(true);
  expect(all.size).toBe(6);
});
