import { parse } from 'yaml';
import { files, read } from './repository.ts';

export interface ReleaseFacts {
  changelog: string;
  /** By the file that names it. */
  versions: Record<string, string>;
  /** The tag of the commit that is checked out, such as v0.2.0. */
  tag?: string | undefined;
}

export function readReleaseFacts(tag?: string): ReleaseFacts {
  const workspaces = files.filter((file) => /^(\w+\/)*package\.json$/.test(file));
  const charts = files.filter((file) => /^charts\/\w+\/Chart\.yaml$/.test(file));
  return {
    changelog: read('CHANGELOG.md'),
    versions: Object.fromEntries([
      ...workspaces.map((file) => [file, (JSON.parse(read(file)) as { version: string }).version] as const),
      ...charts.map((file) => [file, (parse(read(file)) as { appVersion: string }).appVersion] as const),
    ]),
    tag,
  };
}

/** Reasons not to release: versions that differ, releases without date or entries, a tag before its changelog. */
export function releaseFaults({ changelog, versions, tag }: ReleaseFacts): string[] {
  const [pending, ...releases] = sectionsOf(changelog);
  const newest = releases[0]?.version;
  if (pending?.title !== 'Pending') return ['CHANGELOG.md does not begin with “## Pending”'];
  if (newest === undefined) return ['CHANGELOG.md has no release'];
  const faults = releases.flatMap(({ title, date, entries }, index) => {
    if (Number.isNaN(Date.parse(date))) return [`“${title}” is not “<version> – <year-month-day>”`];
    if (date < (releases[index + 1]?.date ?? '')) return [`${title} is above a later release`];
    return entries === 0 ? [`${title} has no entries`] : [];
  });
  return [
    ...faults.map((fault) => `CHANGELOG.md: ${fault}`),
    ...Object.entries(versions)
      .filter(([, version]) => version !== newest)
      .map(([file, version]) => `${file} has ${version}, CHANGELOG.md has ${newest}`),
    ...(tag === undefined || tag === `v${newest}` ? [] : [`The tag is ${tag}, CHANGELOG.md has ${newest}`]),
    ...(tag !== undefined && pending.entries > 0 ? [`The tag is ${tag}, but entries are still pending`] : []),
  ];
}

function sectionsOf(changelog: string): { title: string; version: string; date: string; entries: number }[] {
  const sections = changelog.split(/^## /m).slice(1);
  return sections.map((section) => {
    const [title = ''] = section.split('\n');
    const [, version = title, date = ''] = /^(\d+\.\d+\.\d+) – (\d{4}-\d\d-\d\d)$/.exec(title) ?? [];
    return { title, version, date, entries: section.match(/^- \S/gm)?.length ?? 0 };
  });
}
