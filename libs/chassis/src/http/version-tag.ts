import { z } from 'zod';

/**
 * The ETag of a version. When sent, it gets the digest of the content that it is sent with, `"7-…"`: the content may
 * change without the version, as the seats left in a class do, and caches must notice.
 */
export const versionTag = (version: number): string => `"${version}"`;

/**
 * The versions that an If-Match header names; undefined when any will do. Only the version of a tag is compared: what
 * changes without it is no lost update. A tag that is none of ours, weak ones included, matches nothing.
 */
export function wantedVersions(ifMatch: string | undefined): number[] | undefined {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined;
  return [...ifMatch.matchAll(/(?:^|,)\s*"(\d{1,9})(?:-[\w-]{22})?"\s*(?=,|$)/g)].map(([, version]) => Number(version));
}

/** For a route's `schema.headers`. */
export const ifMatchHeaders = z.looseObject({
  'if-match': z
    .string()
    .optional()
    .describe('The `ETag` of the version that is changed, or `*`; without it any version is'),
});
