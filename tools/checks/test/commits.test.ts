import { describe, expect, test } from '@jest/globals';
import { commitFaults } from '../src/commits.ts';

describe('a commit message', () => {
  test.each([
    'checks: compare versions with the changelog',
    'families, enrollment: process seeds',
    `docs: link runbooks\n\nThe alerts name them.\n\n    https://example.org/${'long/'.repeat(20)}`,
  ])('is accepted: %j', (message) => {
    expect(commitFaults(message)).toEqual([]);
  });

  test.each([
    ['Compare versions', 'the subject is not “scope: sentence”'],
    [`checks: ${'compare '.repeat(9)}`.trimEnd(), 'the subject has 79 characters, 72 are allowed'],
    ['checks: compare versions.', 'the subject ends with a period'],
    ['checks: compared versions', 'the subject is not in the imperative'],
    ['checks: compares versions', 'the subject is not in the imperative'],
    ['checks: comparing versions', 'the subject is not in the imperative'],
    ['checks: compare versions\nwith the changelog', 'no empty line follows the subject'],
    [`checks: compare versions\n\n${'why '.repeat(19)}`, 'the body is not wrapped at 72'],
  ])('is refused: %j', (message, fault) => {
    expect(commitFaults(message)).toEqual([fault]);
  });
});
