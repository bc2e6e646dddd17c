import { describe, expect, test } from '@jest/globals';
import { documentFaults, openRepository, type Repository } from '../src/documents.ts';

const repository = openRepository();
const documents = repository.files.filter((file) => file.endsWith('.md'));

describe('documents', () => {
  test.each(documents)('%s names only what exists', (file) => {
    expect(documentFaults(file, repository.read(file), repository)).toEqual([]);
  });
});

describe('a name that leads nowhere is found', () => {
  const planted: Repository = {
    files: ['README.md', 'docs/guide.md', 'libs/cache/src/cache.ts', 'services/mail/package.json', 'k8s/demos/roll'],
    read: () => '# Guide\n\n## How it’s done (twice)\n',
    scripts: ['start', 'test', 'dev'],
    programs: ['nx'],
    profiles: ['dev'],
    sources: "'--port'; '/api/mails'; 'written.json'",
  };
  const faults = (text: string): string[] => documentFaults('docs/guide.md', text, planted);

  test.each([
    ['[a](gone.md)', 'gone.md'],
    ['[a](../gone/)', '../gone/'],
    ['[a](#gone)', '#gone'],
    ['[a](../README.md#gone)', '../README.md#gone'],
    ['`libs/cache/src/gone.ts`', 'libs/cache/src/gone.ts'],
    ['`libs/<lib>/src/gone.ts`', 'libs/<lib>/src/gone.ts'],
    ['`gone.ts`', 'gone.ts'],
    ['`npm run gone`', 'npm run gone: gone'],
    ['`npm test -- libs/gone`', 'npm test -- libs/gone: libs/gone'],
    ['`npm start -- --gone`', 'npm start -- --gone: --gone'],
    ['`npm run dev -- gone`', 'npm run dev -- gone: gone'],
    ['`npx gone`', 'npx gone: gone'],
    ['`skaffold dev -p gone`', 'skaffold dev -p gone: gone'],
    ['`k8s/demos/gone`', 'k8s/demos/gone'],
    ['```\n$ npm run gone   # why\n```', 'npm run gone: gone'],
    ['```sh\ncurl -i http://127.0.0.1/api/gone?q=1\n```', 'curl -i http://127.0.0.1/api/gone?q=1: /api/gone'],
    ['    A=1 node libs/gone/main.ts', 'node libs/gone/main.ts: libs/gone/main.ts'],
  ])('%s', (text, fault) => {
    expect(faults(text)).toEqual([fault]);
  });

  test.each([
    '[a](../README.md) [b](#how-its-done-twice) [c](https://example.org/gone.md) [d](../libs/cache/)',
    '`libs/cache` `src/cache.ts` `libs/<lib>/src` `written.json` `application/json` `America/Chicago` `dist/gone.ts`',
    '`npm test -- libs/cache` `npm start -- --port 1` `npm run dev -- mail` `npx nx graph` `skaffold dev -p dev`',
    '```\nk8s/demos/roll\nA=1 npm test -- <path>   any of them\n```',
    '```ts\nimport "./gone.ts"; // npm run gone\n```',
  ])('and others are not: %s', (text) => {
    expect(faults(text)).toEqual([]);
  });
});
