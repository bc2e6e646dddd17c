import { mkdirSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageName } from './assemble/images.ts';
import { lendCertificates } from './certificates.ts';
import { checkImage } from './check/check-image.ts';
import { contentHash } from './content-hash.ts';
import { docker, imageSize } from './docker.ts';
import { help, readBuildArgs, readOptions, readPlatform, type Options } from './options.ts';

const checkout = join(import.meta.dirname, '../../..');
const buildArgs = readBuildArgs(process.env);
const platform = readPlatform(process.env);

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) console.log(help);
  else await run(options);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function run(options: Options): Promise<void> {
  const refs = new Map(options.images.map((image) => [image, refOf(image, options)]));
  for (const [image, ref] of refs) {
    if (options.print) console.log(`${image.padEnd(14)} ${ref}`);
    else await provide(image, ref, options);
  }
  if (options.print) return;
  remember(refs, options);
  if (!options.check) return;
  let mistakes = 0;
  for (const [image, ref] of refs) mistakes += await checkImage(checkout, image, ref);
  if (mistakes > 0) throw new Error(`${mistakes} of the promises do not hold: see above`);
}

function refOf(image: ImageName, { registry, target }: Options): string {
  const prefix = registry === '' ? '' : `${registry.replace(/\/$/, '')}/`;
  const hash = contentHash(checkout, image, target, { ...buildArgs, ...platform });
  return `${prefix}homeroom/${image}:${target === 'dev' ? 'dev-' : ''}${hash}`;
}

async function provide(image: ImageName, ref: string, options: Options): Promise<void> {
  const started = Date.now();
  const exists = !options.force && (await imageSize(ref)) !== undefined;
  if (!exists) {
    console.log(`${image.padEnd(14)} building …`);
    await build(image, ref, options);
  }
  const size = ((await imageSize(ref)) ?? 0) / 1e6;
  const how = exists ? 'exists' : `built in ${((Date.now() - started) / 1000).toFixed(1)} s`;
  console.log(`${image.padEnd(14)} ${ref}  ${size.toFixed(1)} MB  ${how}`);
  const other = options.as ?? (options.tag === undefined ? undefined : ref.replace(/:[^:]*$/, `:${options.tag}`));
  if (other !== undefined) {
    await docker(['tag', ref, other]);
    console.log(`${image.padEnd(14)} ${other}`);
  }
  const names = options.as === undefined && other !== undefined ? [ref, other] : [other ?? ref];
  for (const name of options.push ? names : []) {
    await docker(['push', '--quiet', name]);
    console.log(`${image.padEnd(14)} pushed ${name}`);
  }
}

async function build(image: ImageName, ref: string, { target, network }: Options): Promise<void> {
  const env = process.env;
  const given = { SERVICE: image, ...buildArgs, ...(env['NPM_REGISTRY'] ? { NPM_REGISTRY: env['NPM_REGISTRY'] } : {}) };
  const args = Object.entries(given).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  // docker reads their values from the environment
  for (const proxy of ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']) if (env[proxy]) args.push('--build-arg', proxy);
  if (network !== undefined) args.push('--network', network);
  const removeCertificates = lendCertificates(checkout);
  try {
    await docker(['build', '--target', target, ...args, '--tag', ref, checkout]);
  } finally {
    removeCertificates();
  }
}

/** Images that are not built now keep their recorded names. */
function remember(refs: ReadonlyMap<ImageName, string>, { target }: Options): void {
  const file = join(checkout, '.homeroom', target === 'dev' ? 'images-dev.json' : 'images.json');
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>) : {};
  mkdirSync(join(checkout, '.homeroom'), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ ...before, ...Object.fromEntries(refs) }, null, 2)}\n`);
}
