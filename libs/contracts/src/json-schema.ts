import { z } from 'zod';
import { eventTypes, type EventType } from './events.ts';

/** The JSON Schema (draft 2020-12) of an event's data, for consumers that do not speak TypeScript. */
export const jsonSchemaOf = (type: EventType): object => ({
  $id: `https://homeroom.dev/schemas/${type}.json`,
  title: type,
  ...z.toJSONSchema(eventTypes[type].schema, { target: 'draft-2020-12', io: 'input' }),
});
