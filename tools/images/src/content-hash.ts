import { createHash } from 'node:crypto';
import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageName } from './assemble/images.ts';
import { imageWorkspaces } from './assemble/workspaces.ts';

export type Target = 'service' | 'dev';

const everywhere = ['Dockerfile', '.dockerignore', '.npmrc', 'package.json', 'package-lock.json', 'tsconfig.base.json'];
const ofTheBuild = [
  'tools/images/src/assemble/**',
  'tools/images/dev-entrypoint.sh',
  'tools/images/package.json',
  'tools/images/src/inner-loop/**',
];
const ofAWorkspace = ['package.json', 'tsconfig*.json', 'src/**', 'migrations/**'];

/** The files that an image is built from, by their paths in the checkout, sorted. */
export function imageInputs(checkout: string, image: ImageName): string[] {
  const parts = imageWorkspaces(checkout, image).flatMap(({ folder }) =>
    ofAWorkspace.map((part) => join(folder, part)),
  );
  const files = globSync([...everywhere, ...ofTheBuild, ...parts], { cwd: checkout });
  return [...new Set(files)].filter((file) => statSync(join(checkout, file)).isFile()).sort();
}

/**
 * 12 hex digits that identify an image's inputs: the same on every machine, different after any change.
 * @param buildArgs those that change the content, such as another base.
 */
export function contentHash(
  checkout: string,
  image: ImageName,
  target: Target,
  buildArgs: Readonly<Record<string, string>> = {},
): string {
  const hash = createHash('sha256').update(JSON.stringify([image, target, Object.entries(buildArgs).sort()]));
  for (const file of imageInputs(checkout, image)) {
    const bytes = readFileSync(join(checkout, file));
    hash.update(JSON.stringify([file, bytes.length])).update(bytes);
  }
  return hash.digest('hex').slice(0, 12);
}
