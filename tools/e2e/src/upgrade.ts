import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { House } from './cluster.ts';
import { checkout, run, same, work, type Parts } from './parts.ts';
import { charts } from './render.ts';

const chart = join(charts, 'homeroom');

/** From the chart's previous version to this one, back, and forward again: nothing may be lost on the way. */
export async function proveUpgrade(parts: Parts, house: House, images: readonly string[]): Promise<void> {
  const previous = previousChart();
  const values = [...images, '--set', 'global.rateLimitPerMinute=0'];
  const slow = ['--wait', '--timeout', '300s'];
  await parts.part(`install ${previous.version}`, () =>
    house.helm('install', 'homeroom', previous.folder, ...values, ...slow),
  );
  const password = await house.secret('homeroom-coordinator', 'password');
  await parts.part('families register', () => register(house));
  const before = await contents(house);

  await parts.part('helm upgrade', async () => {
    await house.helm('upgrade', 'homeroom', chart, ...values, ...slow);
    same('the data after the upgrade', await contents(house), before);
    same('the password after the upgrade', await house.secret('homeroom-coordinator', 'password'), password);
  });
  await parts.part('helm test after the upgrade', () => house.helm('test', 'homeroom', '--timeout', '120s'));

  await parts.part('helm rollback', async () => {
    await house.helm('rollback', 'homeroom', '1', ...slow);
    same('the data after the rollback', await contents(house), before);
  });
  await parts.part('helm test after the rollback', () => house.helm('test', 'homeroom', '--timeout', '120s'));
}

/** The chart as it was just before its version changed. */
function previousChart(): { version: string; folder: string } {
  const git = (...args: string[]): string => execFileSync('git', ['-C', checkout, ...args], { encoding: 'utf8' });
  const path = 'charts/homeroom/Chart.yaml';
  const versionAt = (commit: string): string =>
    (parse(git('show', `${commit}:${path}`)) as { version: string }).version;
  const commits = git('log', '--format=%H', '--', path).split('\n').filter(Boolean);
  const now = versionAt('HEAD');
  const older = commits.findIndex((candidate) => versionAt(candidate) !== now);
  if (older < 1) {
    console.log(`  no version of the chart before ${now} is in this history (a shallow clone?): upgrading from ${now}`);
    return { version: now, folder: chart };
  }
  const commit = `${commits[older - 1]}^`;
  const folder = join(work, 'previous');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const archive = execFileSync('git', ['-C', checkout, 'archive', commit, 'charts'], { maxBuffer: 64 * 1024 * 1024 });
  execFileSync('tar', ['--extract', '--directory', folder], { input: archive });
  return { version: versionAt(commit), folder: join(folder, 'charts', 'homeroom') };
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
