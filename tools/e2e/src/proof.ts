import type { Release } from './cluster.ts';
import type { Options } from './options.ts';
import type { Parts } from './parts.ts';

/** What a part of the run works with. */
export interface Proof {
  readonly parts: Parts;
  readonly release: Release;
  /** Helm flags that name the images. */
  readonly images: readonly string[];
  readonly options: Options;
}
