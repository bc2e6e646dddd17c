import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { imageName, imageNames } from './assemble/images.ts';
import type { Target } from './content-hash.ts';

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

export const help = `Builds the images of the services and of the sandbox (mail catcher, payments).

  npm run images -- [options]

  --service <name>     only this image, may be repeated: ${imageNames.join(', ')}
  --target <target>    service: for production (the default); dev: sources that reload, for the inner loop
  --registry <prefix>  put before the names, such as localhost:5000
  --tag <name>         an additional tag for every image (default: the version, ${version}, which the charts install)
  --as <reference>     a whole name, such as localhost:5000/homeroom/families:1.0; needs exactly one --service
  --push               pushes the images; with --as, only under that name
  --network <mode>     network of the build's npm ci, such as host (DOCKER_BUILD_NETWORK)
  --force              builds images that exist already
  --check              builds, then checks every image against the README's promises; needs the engines of \`npm run engines\`
  --print              prints the names only

A name ends with a hash of the image's inputs. An image that exists is not built again. The names are written to
.homeroom/images.json (images-dev.json). DOCKER names another client; NODE_IMAGE, RUNTIME_IMAGE, and NPM_REGISTRY replace the
public ones; certificates of NODE_EXTRA_CA_CERTS are used by the build; DOCKER_DEFAULT_PLATFORM builds for another platform.`;

export type Options = ReturnType<typeof readOptions>;

/** @throws naming the flag that is invalid. */
export function readOptions(args: string[]) {
  const string = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args,
    options: {
      service: { type: 'string', multiple: true },
      target: { ...string, default: 'service' },
      registry: { ...string, default: '' },
      tag: string,
      as: string,
      network: string,
      push: flag,
      force: flag,
      check: flag,
      print: flag,
      help: { ...flag, short: 'h' },
    },
  });
  const { as, service } = values;
  const target = targetOf(values.target);
  if (target === 'dev' && values.check) throw new Error('--check needs --target service.');
  const images = service?.map(imageName) ?? imageNames;
  if (as !== undefined && images.length !== 1) throw new Error('--as names one image. Choose it with --service.');
  if (as !== undefined && values.tag !== undefined) throw new Error('--as is a whole name. Omit --tag.');
  return {
    ...values,
    images,
    target,
    tag: values.tag ?? (target === 'service' && as === undefined ? version : undefined),
    network: values.network ?? process.env['DOCKER_BUILD_NETWORK'],
  };
}

function targetOf(name: string): Target {
  if (name === 'service' || name === 'dev') return name;
  throw new Error(`Unknown --target ${name}. Use service or dev.`);
}

/** Build arguments that change what an image holds. */
export function readBuildArgs(env: NodeJS.ProcessEnv): Record<string, string> {
  return given(env, ['NODE_IMAGE', 'RUNTIME_IMAGE']);
}

/** The platform to build for, when it is not Docker's own. */
export function readPlatform(env: NodeJS.ProcessEnv): Record<string, string> {
  return given(env, ['DOCKER_DEFAULT_PLATFORM']);
}

function given(env: NodeJS.ProcessEnv, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
}
