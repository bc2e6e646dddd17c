import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { imagePlans, type ImageName } from './assemble/images.ts';
import { productionWorkspaces, readWorkspaces, type Workspace } from './assemble/workspaces.ts';

export type Target = 'service' | 'dev';

const everywhere = ['Dockerfile', '.dockerignore', '.npmrc', 'package.json', 'package-lock.json', 'tsconfig.base.json'];
const ofTheBuild = [
  'tools/images/src/assemble/**',
  'tools/images/dev-entrypoint.sh',
  'tools/images/package.json',
  'tools/images/src/inner-loop/**',
  'tools/images/tsconfig.sandbox.json',
];
const ofAWorkspace = ['package.json', 'tsconfig*.json', 'src/**', 'migrations/**'];

/** The files that decide what an image holds, by their paths from the checkout, sorted. */
export function imageInputs(checkout: string, image: ImageName): string[] {
  const { workspace, folders } = imagePlans[image];
  const workspaces = readWorkspaces(checkout);
  const all = productionWorkspaces(workspaces, workspace);
  const own = all.at(-1)?.folder ?? '';
  const parts = folders?.map((folder) => join(own, 'src', folder, '**')) ?? [];
  const needed = folders === undefined ? all : importedWorkspaces(checkout, workspaces, parts);
  const patterns = [
    ...everywhere,
    ...ofTheBuild,
    ...needed.flatMap(({ folder }) => ofAWorkspace.map((part) => join(folder, part))),
    ...(folders === undefined ? [] : [join(own, 'package.json'), ...parts]),
  ];
  const files = globSync(patterns, { cwd: checkout }).filter((file) => statSync(join(checkout, file)).isFile());
  return [...new Set(files)].sort();
}

/** The packages of this repository that sources import, and what these need. */
function importedWorkspaces(
  checkout: string,
  workspaces: ReadonlyMap<string, Workspace>,
  patterns: readonly string[],
): Workspace[] {
  const text = globSync(
    patterns.map((pattern) => join(pattern, '*.ts')),
    { cwd: checkout },
  )
    .map((file) => readFileSync(join(checkout, file), 'utf8'))
    .join('\n');
  return [...workspaces.keys()]
    .filter((name) => text.includes(`from '${name}'`))
    .flatMap((name) => productionWorkspaces(workspaces, name));
}

/**
 * Names what an image is made from: the same inputs give the same 12 digits on every machine, any change gives others.
 * @param buildArgs those that change what is inside, such as another base.
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

/** The checkout that holds a folder. */
export function checkoutOf(folder: string): string {
  const checkout = join(folder, '..', '..', '..');
  if (!existsSync(join(checkout, 'Dockerfile'))) throw new Error(`${checkout} has no Dockerfile`);
  return checkout;
}
