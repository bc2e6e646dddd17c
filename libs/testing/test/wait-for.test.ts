import { expect, test } from '@jest/globals';
import { waitFor } from '@homeroom/testing';

test('returns what the probe found', async () => {
  let asked = 0;
  expect(await waitFor('the third time', () => (++asked === 3 ? 'found' : undefined))).toBe('found');
  expect(await waitFor('a zero', () => 0)).toBe(0);
});

test('names the condition that did not come true, and what was there instead', async () => {
  await expect(waitFor('rain', () => false, { timeoutMs: 30, everyMs: 5 })).rejects.toThrow(
    'waited 30 ms for rain; last: false',
  );
  const drought = () => expect('sun').toBe('rain');
  await expect(waitFor('rain', drought as () => never, { timeoutMs: 30, everyMs: 5 })).rejects.toThrow(
    /ms for rain; last: .*toBe/s,
  );
});
