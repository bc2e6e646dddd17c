// Writes schemas/<type>.json. `test/json-schema.test.ts` fails while a file differs from its contract.
import { writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { eventTypes, type EventType } from './src/events.ts';
import { jsonSchemaOf } from './src/json-schema.ts';

for (const type of Object.keys(eventTypes) as EventType[])
  writeFileSync(
    new URL(`schemas/${type}.json`, import.meta.url),
    await format(JSON.stringify(jsonSchemaOf(type)), { parser: 'json', printWidth: 120 }),
  );
