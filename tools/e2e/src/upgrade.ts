import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { forward, until, type Release } from './cluster.ts';
import { provideImages } from './images.ts';
import { checkout, run, same, work } from './parts.ts';
import type { Proof } from './proof.ts';
import { charts } from './render.ts';

/** The chart and images of existing installations. */
const released = { version: '0.1.0', commit: '3eb9db26176be391fad9baf866e1a07de197ee64' };

/** Upgrades from 0.1.0 to this version and rolls back, chart and images. No data may be lost, and old code must run on the new schema. */
export async function proveUpgrade(proof: Proof): Promise<void> {
  const { parts, release, images } = proof;
  const old = await providePrevious(proof);
  const own = ['--set', 'global.rateLimitPerMinute=0'];
  const slow = ['--wait', '--timeout', '300s'];
  await parts.part(`helm install of ${old.version}`, () =>
    release.helm('install', 'homeroom', join(old.charts, 'homeroom'), ...old.images, ...own, ...slow),
  );
  const password = await release.secret('homeroom-coordinator', 'password');
  const cursors = await release.secret('homeroom-signing', 'cursor-secret');
  await parts.part('families register', () => register(release));
  const before = await contents(release);

  await parts.part('helm upgrade', async () => {
    await release.helm('upgrade', 'homeroom', join(charts, 'homeroom'), ...images, ...own, ...slow);
    same('the data after the upgrade', await contents(release), before);
    same('the co-op that the installation has become', await coopOf(release), 'homeroom America/Chicago USD');
    same('the password after the upgrade', await release.secret('homeroom-coordinator', 'password'), password);
    same('the key of cursors after the upgrade', await release.secret('homeroom-signing', 'cursor-secret'), cursors);
    const added = await release.secret('homeroom-signing', 'account-token-secret');
    same('digits of the key that 0.1.0 did not have', String(added.length), '32');
  });
  await parts.part('helm test after the upgrade', () => release.helm('test', 'homeroom', '--timeout', '120s'));

  await parts.part('helm rollback', async () => {
    await release.helm('rollback', 'homeroom', '1', ...slow);
    same('the data after the rollback', await contents(release), before);
  });
  await parts.part('helm test after the rollback', () => release.helm('test', 'homeroom', '--timeout', '120s'));
}

/** Slug, zone, and currency of the co-op of the release. */
async function coopOf(release: Release): Promise<string> {
  const gateway = await forward(release, 'homeroom-gateway', 80);
  try {
    const answer = await fetch(`${gateway.url}/api/coop`);
    const { slug, timeZone, currency } = (await answer.json()) as Record<string, string>;
    return `${slug} ${timeZone} ${currency}`;
  } finally {
    gateway.close();
  }
}

/** The previous version, built from the Git history. With --tag, or without that history, it is this version. */
export async function providePrevious({ parts, images, options }: Omit<Proof, 'release'>): Promise<{
  version: string;
  charts: string;
  images: readonly string[];
}> {
  const { version, commit } = released;
  const git = (...args: string[]): Buffer =>
    execFileSync('git', ['-C', checkout, ...args], { maxBuffer: 256 * 1024 * 1024 });
  const known = git('rev-list', '--all').includes(commit);
  if (!known || options.tag !== undefined) {
    parts.leaveOut(
      version,
      known ? '--tag names images of this version alone' : 'this history (a shallow clone?) lacks it',
    );
    return { version: 'this version', charts, images };
  }
  const folder = join(work, 'previous');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  execFileSync('tar', ['--extract', '--directory', folder], { input: git('archive', commit) });
  const built = await parts.part(`images of ${version}`, () => provideImages(options, 'service', folder));
  return { version, charts: join(folder, 'charts'), images: built };
}

/** A hundred families, each of which must be able to sign in afterwards. */
async function register(release: Release): Promise<void> {
  const gateway = await forward(release, 'homeroom-gateway', 80);
  try {
    const generator = join(checkout, 'tools', 'load', 'src', 'main.ts');
    const options = ['--target', gateway.url, '--scenario', 'register', '--rate', '10', '--count', '100', '--json'];
    const report = JSON.parse(await run(process.execPath, [generator, ...options, '--quiet'])) as { lost: number };
    same('families that were confirmed and are lost', String(report.lost), '0');
  } finally {
    gateway.close();
  }
  await until('every welcome mail has arrived', async () =>
    (await release.sql('notifications', 'select count(*) >= 100 from notifications')).startsWith('t'),
  );
}

/** The number of rows that must not be lost. */
async function contents(release: Release): Promise<string> {
  const counts = await Promise.all([
    release.sql('families', 'select count(*) from families'),
    release.sql('enrollment', 'select count(*) from families'),
    release.sql('notifications', 'select count(*) from notifications'),
  ]);
  return counts.map((count) => count.trim()).join(' ');
}
