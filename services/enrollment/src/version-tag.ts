/** The ETag of a version. */
export const versionTag = (version: number): string => `"${version}"`;

/** Whether an If-Match header lets a change of this version through. A tag that is none of ours matches nothing. */
export function admits(ifMatch: string | undefined, version: number): boolean {
  if (ifMatch === undefined || ifMatch.trim() === '*') return true;
  return [...ifMatch.matchAll(/(?:^|,)\s*"(\d{1,9})"\s*(?=,|$)/g)].some(([, tag]) => Number(tag) === version);
}
