import { describe, expect, test } from '@jest/globals';
import { readReleaseFacts, releaseFaults, type ReleaseFacts } from '../src/release.ts';

const sound: ReleaseFacts = {
  changelog: '# Changelog\n\n## Pending\n\n## 1.1.0 – 2026-02-01\n\n- Two.\n\n## 1.0.0 – 2026-01-31\n\n- One.\n',
  versions: { 'package.json': '1.1.0', 'charts/homeroom/Chart.yaml': '1.1.0' },
};
const changed = (from: string, to: string): ReleaseFacts => ({
  ...sound,
  changelog: sound.changelog.replace(from, to),
});

describe('a release', () => {
  test('of this repository has one version, and entries in the changelog', () => {
    const facts = readReleaseFacts();
    expect(Object.keys(facts.versions).length).toBeGreaterThan(20);
    expect(releaseFaults(facts)).toEqual([]);
  });

  test.each([
    ['tagged', { ...sound, tag: 'v1.1.0' }],
    ['with pending entries after it', changed('## Pending\n', '## Pending\n\n- Three.\n')],
  ])('%s is accepted', (_what, facts) => {
    expect(releaseFaults(facts)).toEqual([]);
  });

  test.each([
    ['without a pending section', changed('## Pending\n', ''), 'CHANGELOG.md does not begin with “## Pending”'],
    ['without entries', changed('- Two.\n', ''), 'CHANGELOG.md: 1.1.0 – 2026-02-01 has no entries'],
    [
      'without a date',
      changed('1.0.0 – 2026-01-31', '1.0.0'),
      'CHANGELOG.md: “1.0.0” is not “<version> – <year-month-day>”',
    ],
    [
      'before an older one',
      changed('2026-02-01', '2026-01-01'),
      'CHANGELOG.md: 1.1.0 – 2026-01-01 is above a later release',
    ],
    [
      'on a day that does not exist',
      changed('2026-02-01', '2026-13-01'),
      'CHANGELOG.md: “1.1.0 – 2026-13-01” is not “<version> – <year-month-day>”',
    ],
    [
      'of another chart',
      { ...sound, versions: { 'charts/data/Chart.yaml': '1.0.0' } },
      'charts/data/Chart.yaml has 1.0.0, CHANGELOG.md has 1.1.0',
    ],
    ['under another tag', { ...sound, tag: 'v1.2.0' }, 'The tag is v1.2.0, CHANGELOG.md has 1.1.0'],
    [
      'tagged with pending entries',
      { ...changed('## Pending\n', '## Pending\n\n- Three.\n'), tag: 'v1.1.0' },
      'The tag is v1.1.0, but entries are still pending',
    ],
  ])('%s is refused', (_what, facts, fault) => {
    expect(releaseFaults(facts)).toEqual([fault]);
  });
});
