import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { House } from './cluster.ts';
import { provideImages } from './images.ts';
import type { Options } from './options.ts';
import { checkout, run, same, work, type Parts } from './parts.ts';
import { charts } from './render.ts';

/** What installations of 0.1.0 have, chart and images. */
const released = { version: '0.1.0', commit: '3eb9db26176be391fad9baf866e1a07de197ee64' };

/** From 0.1.0 to this version and back, chart and images: nothing may be lost on the way, and old code must live with the new schema. */
export async function proveUpgrade(
  parts: Parts,
  house: House,
  images: readonly string[],
  options: Options,
): Promise<void> {
  const old = await previous(parts, images, options);
  const own = ['--set', 'global.rateLimitPerMinute=0'];
  const slow = ['--wait', '--timeout', '300s'];
  await parts.part(`helm install of ${old.version}`, () =>
    house.helm('install', 'homeroom', join(old.charts, 'homeroom'), ...old.images, ...own, ...slow),
  );
  const password = await house.secret('homeroom-coordinator', 'password');
  const cursors = await house.secret('homeroom-signing', 'cursor-secret');
  await parts.part('families register', () => register(house));
  const before = await contents(house);

  await parts.part('helm upgrade', async () => {
    await house.helm('upgrade', 'homeroom', join(charts, 'homeroom'), ...images, ...own, ...slow);
    same('the data after the upgrade', await contents(house), before);
    same('the password after the upgrade', await house.secret('homeroom-coordinator', 'password'), password);
    same('the key of cursors after the upgrade', await house.secret('homeroom-signing', 'cursor-secret'), cursors);
    const added = await house.secret('homeroom-signing', 'account-token-secret');
    same('digits of the key that 0.1.0 did not have', String(added.length), '32');
  });
  await parts.part('helm test after the upgrade', () => house.helm('test', 'homeroom', '--timeout', '120s'));

  await parts.part('helm rollback', async () => {
    await house.helm('rollback', 'homeroom', '1', ...slow);
    same('the data after the rollback', await contents(house), before);
  });
  await parts.part('helm test after the rollback', () => house.helm('test', 'homeroom', '--timeout', '120s'));
}

/** The version before, built from the Git history. With images of a tag, or without that history, it is this version. */
async function previous(
  parts: Parts,
  images: readonly string[],
  options: Options,
): Promise<{ version: string; charts: string; images: readonly string[] }> {
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
async function register(house: House): Promise<void> {
  const gateway = await house.forward('homeroom-gateway', 80);
  try {
    const generator = join(checkout, 'tools', 'load', 'src', 'main.ts');
    const options = ['--target', gateway.url, '--scenario', 'register', '--rate', '10', '--count', '100', '--json'];
    const report = JSON.parse(await run(process.execPath, [generator, ...options, '--quiet'])) as { lost: number };
    same('families that were confirmed and are gone', String(report.lost), '0');
  } finally {
    gateway.close();
  }
  await house.until('every welcome has arrived', async () =>
    (await house.sql('notifications', 'select count(*) >= 100 from notifications')).startsWith('t'),
  );
}

/** How much there is of what must not be lost. */
async function contents(house: House): Promise<string> {
  const counts = await Promise.all([
    house.sql('families', 'select count(*) from families'),
    house.sql('enrollment', 'select count(*) from families'),
    house.sql('notifications', 'select count(*) from notifications'),
  ]);
  return counts.map((count) => count.trim()).join(' ');
}
