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

/** Namespaces that are being deleted, which takes as long as their slowest pod. */
const removals: Promise<void>[] = [];

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
    for (const act of living)
      await inNamespace(act, options, (release) => live[act]({ parts, release, images, options }));
  } finally {
    await Promise.all(removals);
    console.log(`\n${parts.table()}`);
  }
}

async function inNamespace(act: string, { keep }: Options, work: (release: Release) => Promise<void>): Promise<void> {
  const release = new Release(`homeroom-${act}-${process.pid}`);
  await release.create();
  try {
    await work(release);
  } catch (error) {
    await describe(release);
    throw error;
  } finally {
    if (!keep) removals.push(release.remove());
  }
}
