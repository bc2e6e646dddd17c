import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { imagePrograms, type ImageName } from '../assemble/images.ts';
import { productionPackages, type Lock } from '../assemble/packages.ts';
import { dependenciesByFolder, imageWorkspaces, type Workspace } from '../assemble/workspaces.ts';
import { docker, dockerClient, imageSize } from '../docker.ts';
import { freePort, runToEnd, timeToReady } from './container.ts';
import { mistakesIn } from './contents.ts';
import { createWorld } from './world.ts';

const mostAboveBase = 60e6;
const mostToReady = 1_000;
const starts = 5;

type Expect = (holds: boolean, sentence: string) => void;

/** Checks a built image against the promises of the README, a line each. @returns how many do not hold. */
export async function checkImage(checkout: string, image: ImageName, ref: string): Promise<number> {
  let mistakes = 0;
  const expect: Expect = (holds, sentence) => {
    if (!holds) mistakes += 1;
    console.log(`${image.padEnd(14)} ${holds ? 'ok  ' : 'FAIL'} ${sentence}`);
  };
  const workspaces = imageWorkspaces(checkout, image);
  const folder = workspaces.at(-1)?.folder ?? '';
  await checkContent(checkout, workspaces, ref, expect);
  await checkPrograms(image, folder, existsSync(join(checkout, folder, 'migrations')), ref, expect);
  return mistakes;
}

async function checkContent(checkout: string, workspaces: Workspace[], ref: string, expect: Expect): Promise<void> {
  const user = await docker(['image', 'inspect', '--format', '{{.Config.User}}', ref]);
  expect(user === '65532:65532', `runs as ${user}`);

  const base = process.env['RUNTIME_IMAGE'] ?? 'gcr.io/distroless/nodejs24-debian13:nonroot';
  const [own = 0, below = 0] = [await imageSize(ref), await imageSize(base)];
  const above = own - below;
  expect(
    below > 0 && above <= mostAboveBase,
    `${(above / 1e6).toFixed(1)} MB above its base of ${(below / 1e6).toFixed(1)}`,
  );

  const lock = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8')) as Lock;
  const needed = new Set(productionPackages(lock, dependenciesByFolder(workspaces)));
  const wrong = mistakesIn(await filesOf(ref), needed);
  expect(wrong.length === 0, wrong.length === 0 ? 'holds only what production needs' : wrong.slice(0, 10).join('; '));
}

async function checkPrograms(
  image: ImageName,
  folder: string,
  migrates: boolean,
  ref: string,
  expect: Expect,
): Promise<void> {
  const ports = { health: await freePort(), other: await freePort() };
  const { env, database } = await createWorld(image, ports);
  const path = (name: string): string => join(folder, 'dist', `${name}.js`);
  const ready = (name: string): Promise<number> =>
    timeToReady(ref, env, path(name), `http://127.0.0.1:${ports.health}/health/ready`);
  try {
    for (const time of migrates ? ['once', 'twice'] : []) {
      await runToEnd(ref, env, [path('migrate')]);
      expect(true, `migrates ${time} with a read-only root`);
    }
    const [main, other] = imagePrograms[image];
    const times: number[] = [];
    for (let start = 0; start < starts; start += 1) times.push(await ready(main));
    const median = times.sort((a, b) => a - b)[Math.floor(starts / 2)] ?? Infinity;
    expect(median <= mostToReady, `${main} ready after ${median} ms, the median of ${times.join(', ')}`);
    expect(true, `${other} ready after ${await ready(other)} ms`);
  } finally {
    await database.drop();
  }
}

async function filesOf(ref: string): Promise<string[]> {
  const id = await docker(['create', ref, 'nothing']);
  try {
    return await listing(id);
  } finally {
    await docker(['rm', id]);
  }
}

function listing(id: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const tar = spawn('tar', ['-t'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const exported = spawn(dockerClient, ['export', id], { stdio: ['ignore', 'pipe', 'inherit'] });
    exported.stdout.pipe(tar.stdin);
    let text = '';
    tar.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
    for (const child of [tar, exported]) child.on('error', reject);
    tar.on('close', (status) =>
      status === 0
        ? resolve(text.split('\n').filter((line) => line !== ''))
        : reject(new Error('tar cannot read the image')),
    );
  });
}
