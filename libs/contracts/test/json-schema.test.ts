import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { eventTypes, type EventType } from '../src/events.ts';
import { jsonSchemaOf } from '../src/json-schema.ts';

test.each(Object.keys(eventTypes) as EventType[])('the published JSON Schema of %s is its contract', (type) => {
  const published: unknown = JSON.parse(readFileSync(new URL(`../schemas/${type}.json`, import.meta.url), 'utf8'));
  expect(published).toEqual(JSON.parse(JSON.stringify(jsonSchemaOf(type))));
});
