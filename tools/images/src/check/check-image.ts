import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { imagePlans, type ImageName } from '../assemble/images.ts';
import { productionPackages, type Lock } from '../assemble/packages.ts';
import { productionWorkspaces, readWorkspaces } from '../assemble/workspaces.ts';
import { docker, dockerClient, imageSize } from '../docker.ts';
import { freePort, runToEnd, timeToReady } from './container.ts';
import { mistakesIn } from './contents.ts';
import { createWorld, sandboxEnv } from './world.ts';

const mostAboveBase = 60e6;
const mostToReady = 1_000;
const starts = 5;

/** Proves of a built image what the README promises, a line each. @returns how many promises do not hold. */
export async function checkImage(checkout: string, image: ImageName, ref: string): Promise<number> {
  let mistakes = 0;
  const promise = (holds: boolean, sentence: string): void => {
    if (!holds) mistakes += 1;
    console.log(`${image.padEnd(14)} ${holds ? 'ok  ' : 'FAIL'} ${sentence}`);
  };

  const user = await docker(['image', 'inspect', '--format', '{{.Config.User}}', ref]);
  promise(user === '65532:65532', `runs as ${user}`);

  const base = process.env['RUNTIME_IMAGE'] ?? 'gcr.io/distroless/nodejs24-debian13:nonroot';
  const [own = 0, below = 0] = [await imageSize(ref), await imageSize(base)];
  const above = own - below;
  promise(
    below > 0 && above <= mostAboveBase,
    `${(above / 1e6).toFixed(1)} MB above its base of ${(below / 1e6).toFixed(1)}`,
  );

  const wrong = mistakesIn(await filesOf(ref), neededPackages(checkout, image));
  promise(wrong.length === 0, wrong.length === 0 ? 'holds only what production needs' : wrong.slice(0, 10).join('; '));

  if (image === 'sandbox') await checkSandbox(ref, promise);
  else await checkService(image, ref, promise);
  return mistakes;
}

type Promised = (holds: boolean, sentence: string) => void;

async function checkService(image: Exclude<ImageName, 'sandbox'>, ref: string, promise: Promised): Promise<void> {
  const ports = { http: await freePort(), ops: await freePort() };
  const { env, database } = await createWorld(image, ports);
  try {
    const program = (name: string): string => `services/${image}/dist/${name}.js`;
    for (const time of ['once', 'twice']) {
      await runToEnd(ref, env, [program('migrate')]);
      promise(true, `migrates ${time} with nothing to write to`);
    }
    const url = `http://127.0.0.1:${ports.ops}/health/ready`;
    const times: number[] = [];
    for (let start = 0; start < starts; start += 1) times.push(await timeToReady(ref, env, program('api'), url));
    const median = times.sort((a, b) => a - b)[Math.floor(starts / 2)] ?? Infinity;
    promise(median <= mostToReady, `api ready ${median} ms after its start, the median of ${times.join(', ')}`);
    promise(true, `worker ready after ${await timeToReady(ref, env, program('worker'), url)} ms`);
  } finally {
    await database.drop();
  }
}

async function checkSandbox(ref: string, promise: Promised): Promise<void> {
  const ports = { http: await freePort(), ops: await freePort() };
  for (const program of ['mail-catcher', 'payment-sandbox']) {
    const path = `tools/stack/dist/programs/${program}.js`;
    const taken = await timeToReady(ref, sandboxEnv(ports), path, `http://127.0.0.1:${ports.http}/`);
    promise(true, `${program} answers after ${taken} ms`);
  }
}

function neededPackages(checkout: string, image: ImageName): Set<string> {
  const lock = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8')) as Lock;
  const needed = productionWorkspaces(readWorkspaces(checkout), imagePlans[image].workspace);
  const roots = new Map(needed.map(({ folder, manifest }) => [folder, Object.keys(manifest.dependencies ?? {})]));
  return new Set(productionPackages(lock, roots));
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
