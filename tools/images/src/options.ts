import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { imageName, imageNames, type ImageName } from './assemble/images.ts';
import type { Target } from './content-hash.ts';

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

export const help = `Builds the images of the services, and of the sandbox (mail catcher, payments).

  npm run images -- [options]

  --service <name>     only this one, may be repeated: ${imageNames.join(', ')}
  --target <target>    service: for production (the default); dev: sources that are reloaded, for the inner loop
  --registry <prefix>  before the names, such as localhost:5000
  --tag <name>         another tag for each image: without it the version, ${version}, which the charts install
  --as <reference>     the one name that matters to the caller, such as localhost:5000/homeroom/families:1.0; needs one --service
  --push               pushes what has been built; with --as, only under that name
  --network <mode>     what the build's npm ci runs in, such as host (DOCKER_BUILD_NETWORK)
  --force              builds what exists already
  --check              builds, then proves of every image what the README promises: needs the engines of \`npm run engines\`
  --print              only the names that the images would have

A name ends with the hash of what the image is made from. What exists is not built again. The names are written to
.homeroom/images.json (images-dev.json). DOCKER is the client to use; NODE_IMAGE, RUNTIME_IMAGE and NPM_REGISTRY take the place
of the public ones; certificates of NODE_EXTRA_CA_CERTS are lent to the build; DOCKER_DEFAULT_PLATFORM builds for another platform.`;

export interface Options {
  images: ImageName[];
  target: Target;
  registry: string;
  tag?: string | undefined;
  as?: string | undefined;
  network?: string | undefined;
  push: boolean;
  force: boolean;
  check: boolean;
  print: boolean;
  help: boolean;
}

/** @throws naming the flag that makes no sense. */
export function readOptions(args: string[]): Options {
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
  const { target } = values;
  if (target !== 'service' && target !== 'dev') throw new Error(`--target ${target}: choose service or dev`);
  if (target === 'dev' && values.check) throw new Error('--check is for images of production, not for --target dev');
  const possible = imageNames.filter((name) => target === 'service' || name !== 'sandbox');
  const images = values.service?.map(imageName) ?? possible;
  if (images.some((name) => !possible.includes(name))) throw new Error('The sandbox has no image for the inner loop');
  const { as } = values;
  if (as !== undefined && images.length !== 1) throw new Error('--as names one image: choose it with --service');
  if (as !== undefined && values.tag !== undefined) throw new Error('--as is a whole name: leave --tag out');
  return {
    ...values,
    images,
    target,
    tag: values.tag ?? (target === 'service' && as === undefined ? version : undefined),
    network: values.network ?? process.env['DOCKER_BUILD_NETWORK'],
  };
}

/** Build arguments that change what an image holds. */
export function readBuildArgs(env: NodeJS.ProcessEnv): Record<string, string> {
  return given(env, ['NODE_IMAGE', 'RUNTIME_IMAGE']);
}

/** The platform that Docker is asked for, if it is another than its own. */
export function readPlatform(env: NodeJS.ProcessEnv): Record<string, string> {
  return given(env, ['DOCKER_DEFAULT_PLATFORM']);
}

function given(env: NodeJS.ProcessEnv, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
}
