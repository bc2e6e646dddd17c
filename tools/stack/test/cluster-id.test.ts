import { expect, test } from '@jest/globals';
import { newClusterId } from '../src/engines/kafka.ts';

test('no cluster id looks like an option of the tool that it is given to', () => {
  // one in 64 would
  const ids = Array.from({ length: 2_000 }, newClusterId);
  expect(ids.filter((id) => !/^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/.test(id))).toEqual([]);
});
