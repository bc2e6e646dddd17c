import { expect, test } from '@jest/globals';
import { versionTag, wantedVersions } from '@homeroom/chassis';

test('a tag names its version', () => {
  expect(wantedVersions(versionTag(7))).toEqual([7]);
});

test.each<[string | undefined, number[] | undefined]>([
  [undefined, undefined],
  ['*', undefined],
  [' * ', undefined],
  ['"1", "2" ,"3"', [1, 2, 3]],
  // RFC 9110: If-Match compares strongly, and a weak tag never matches
  ['W/"1"', []],
  ['1', []],
  ['"x"', []],
  ['"99999999999999999999"', []],
  ['', []],
])('If-Match: %s', (header, versions) => expect(wantedVersions(header)).toEqual(versions));
