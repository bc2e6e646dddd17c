import { describe, expect, test } from '@jest/globals';
import { files, read } from '../src/repository.ts';
import { isWorded, wordingFaults } from '../src/wording.ts';

describe('wording', () => {
  test('is that of the field in every text', () => {
    const worded = files.filter((file) => isWorded(file) && !/\.(png|ico|gz)$/.test(file));
    expect(worded.length).toBeGreaterThan(800);
    expect(worded.flatMap((file) => wordingFaults(file, read(file)))).toEqual([]);
  });

  test.each(['a mended image', 'nobody is told', 'Redis is away', 'Whoever asks', 'the enrolment', 'two houses'])(
    '“%s” is found',
    (text) => {
      expect(wordingFaults('a.md', `\n${text}`)).toEqual([expect.stringMatching(/^a\.md:2: “/)]);
    },
  );

  test.each(['enrolled', 'enrollment', 'GET /gone', 'recommended', 'housekeeping'])('“%s” is allowed', (text) => {
    expect(wordingFaults('a.md', text)).toEqual([]);
  });
});
