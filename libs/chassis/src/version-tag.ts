/** The ETag of a version. */
export const versionTag = (version: number): string => `"${version}"`;

/**
 * The versions that an If-Match header names; undefined when any will do. A tag that is none of ours matches nothing.
 */
export function wantedVersions(ifMatch: string | undefined): number[] | undefined {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined;
  return [...ifMatch.matchAll(/(?:^|,)\s*"(\d{1,9})"\s*(?=,|$)/g)].map(([, version]) => Number(version));
}
