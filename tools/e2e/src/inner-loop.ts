import { join } from 'node:path';
import type { House } from './cluster.ts';
import { demo, demoValues } from './demos.ts';
import { provideImages } from './images.ts';
import type { Options } from './options.ts';
import type { Parts } from './parts.ts';
import { charts } from './render.ts';

/** What `skaffold dev -p dev` does, by hand: images of sources, installed, and edits that running pods serve. */
export async function proveInnerLoop(
  parts: Parts,
  house: House,
  images: readonly string[],
  options: Options,
): Promise<void> {
  if (options.tag !== undefined) {
    parts.leaveOut('edit', '--tag names images of compiled code');
    return;
  }
  const sources = await parts.part('images of the inner loop', () => provideImages(options, 'dev'));
  const values = [...images, ...sources, '--values', demoValues('values.yaml'), '--set', 'global.development=true'];
  await parts.part('helm install for development', () =>
    house.helm('install', 'homeroom', join(charts, 'homeroom'), ...values, '--wait', '--timeout', '300s'),
  );
  // that edits arrive is proved here, and how fast is printed: how long they take is the machine's matter as well
  await parts.part('edit', () => demo(house, 'edit', { EDIT_LIMIT_MS: '30000' }));
}
