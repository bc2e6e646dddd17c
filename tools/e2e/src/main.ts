import { proveCharts } from './charts.ts';
import { describe, Release } from './cluster.ts';
import { provideImages } from './images.ts';
import { proveInnerLoop } from './inner-loop.ts';
import { help, readOptions, type Act, type Options } from './options.ts';
import { Parts } from './parts.ts';
import { proveProduction } from './production.ts';
import type { Proof } from './proof.ts';
import { proveRelease } from './release.ts';
import { providePrevious, proveUpgrade } from './upgrade.ts';

const live: Record<Exclude<Act, 'charts' | 'images'>, (proof: Proof) => Promise<void>> = {
  release: proveRelease,
  upgrade: proveUpgrade,
  production: proveProduction,
  'inner-loop': proveInnerLoop,
};

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) console.log(help);
  else await prove(options);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function prove(options: Options): Promise<void> {
  const parts = new Parts();
  const removals: Promise<void>[] = [];
  try {
    if (options.acts.includes('charts')) await proveCharts(parts);
    if (options.acts.every((act) => act === 'charts')) return;
    const images = await parts.part('images', () => provideImages(options));
    if (options.acts.includes('images')) {
      await providePrevious({ parts, images, options });
      await parts.part('images of the inner loop', () => provideImages(options, 'dev'));
    }
    const living = options.acts.filter((act) => act !== 'charts' && act !== 'images');
    // their demos count failed requests: one at a time, and only the deletion of what they leave beside the next
    for (const act of living) {
      const release = new Release(`homeroom-${act}-${process.pid}`);
      await inNamespace(release, () => live[act]({ parts, release, images, options }), removals, options);
    }
  } finally {
    await Promise.all(removals);
    console.log(`\n${parts.table()}`);
  }
}

/** @param removals of namespaces, each of which takes as long as its slowest pod: another one is added. */
async function inNamespace(
  release: Release,
  work: () => Promise<void>,
  removals: Promise<void>[],
  { keep }: Options,
): Promise<void> {
  await release.create();
  try {
    await work();
  } catch (error) {
    await describe(release);
    throw error;
  } finally {
    if (!keep) removals.push(release.remove());
    // a failure is thrown in the end, and does not end the next act
    void Promise.allSettled(removals);
  }
}
