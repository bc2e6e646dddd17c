// Writes schemas/<type>.json. `test/json-schema.test.ts` fails while a file differs from its contract.
import { writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { eventTypes, jsonSchemaOf, type EventType } from './src/index.ts';

for (const type of Object.keys(eventTypes) as EventType[])
  writeFileSync(
    new URL(`schemas/${type}.json`, import.meta.url),
    await format(JSON.stringify(jsonSchemaOf(type)), { parser: 'json', printWidth: 120 }),
  );
