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
    read: (file) => (file === 'k8s/demos/roll' ? 'case slow' : '# Guide\n\n## How it’s done (twice)\n'),
    scripts: ['start', 'test', 'dev'],
    programs: ['nx'],
    profiles: ['dev'],
    sources: "'--port'; '--balance'; 'source'; '/api/mails'; 'written.json'",
  };
  const faults = (text: string): string[] => documentFaults('docs/guide.md', text, planted);

  test.each([
    ['[a](missing.md)', 'missing.md'],
    ['[a](../missing/)', '../missing/'],
    ['[a](#missing)', '#missing'],
    ['[a](../README.md#missing)', '../README.md#missing'],
    ['`libs/cache/src/missing.ts`', 'libs/cache/src/missing.ts'],
    ['`libs/<lib>/src/missing.ts`', 'libs/<lib>/src/missing.ts'],
    ['`missing.ts`', 'missing.ts'],
    ['`npm run missing`', 'npm run missing: missing'],
    ['`npm test -- libs/missing`', 'npm test -- libs/missing: libs/missing'],
    ['`npm start -- --missing`', 'npm start -- --missing: --missing'],
    ['`npm start -- --balance missing`', 'npm start -- --balance missing: missing'],
    ['`k8s/demos/missing slow`', 'k8s/demos/missing slow: k8s/demos/missing'],
    ['`k8s/demos/roll missing`', 'k8s/demos/roll missing: missing'],
    ['`npm run dev -- missing`', 'npm run dev -- missing: missing'],
    ['`npx missing`', 'npx missing: missing'],
    ['`skaffold dev -p missing`', 'skaffold dev -p missing: missing'],
    ['`k8s/demos/missing`', 'k8s/demos/missing'],
    ['```\n$ npm run missing   # why\n```', 'npm run missing: missing'],
    ['```sh\ncurl -i http://127.0.0.1/api/missing?q=1\n```', 'curl -i http://127.0.0.1/api/missing?q=1: /api/missing'],
    ['    A=1 node libs/missing/main.ts', 'node libs/missing/main.ts: libs/missing/main.ts'],
  ])('%s', (text, fault) => {
    expect(faults(text)).toEqual([fault]);
  });

  test.each([
    '[a](../README.md) [b](#how-its-done-twice) [c](https://example.org/missing.md) [d](../libs/cache/)',
    '`libs/cache` `src/cache.ts` `libs/<lib>/src` `written.json` `application/json` `America/Chicago` `dist/missing.ts`',
    '`npm test -- libs/cache` `npm start -- --port 1` `npm run dev -- mail` `npx nx graph` `skaffold dev -p dev`',
    '```\nk8s/demos/roll slow\nnpm start -- --balance source\nA=1 npm test -- <path>   any of them\n```',
    '```ts\nimport "./missing.ts"; // npm run missing\n```',
  ])('and others are not: %s', (text) => {
    expect(faults(text)).toEqual([]);
  });
});
