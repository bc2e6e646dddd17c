import { join } from 'node:path';
import { demo, demoValues } from './demos.ts';
import { provideImages } from './images.ts';
import type { Proof } from './proof.ts';
import { charts } from './render.ts';

/** What `skaffold dev -p dev` does: installs images of sources, and running pods serve edits. */
export async function proveInnerLoop({ parts, release, images, options }: Proof): Promise<void> {
  if (options.tag !== undefined) {
    parts.leaveOut('edit', '--tag names images of compiled code');
    return;
  }
  const sources = await parts.part('images of the inner loop', () => provideImages(options, 'dev'));
  const values = [...images, ...sources, '--values', demoValues('values.yaml'), '--set', 'global.development=true'];
  await parts.part('helm install for development', () =>
    release.helm('install', 'homeroom', join(charts, 'homeroom'), ...values, '--wait', '--timeout', '300s'),
  );
  // the time is printed and not asserted tightly: it depends on the machine
  await parts.part('edit', () => demo(release, 'edit', { EDIT_LIMIT_MS: '30000' }));
}
