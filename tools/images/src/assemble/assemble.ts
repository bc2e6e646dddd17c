// Runs inside the build: `node assemble.ts families /out [--sources]` writes what the image holds under /app.
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { imageName, imagePlans } from './images.ts';
import { isNeedless } from './needless.ts';
import { productionPackages, type Lock } from './packages.ts';
import { productionWorkspaces, readWorkspaces, type Workspace } from './workspaces.ts';

const { positionals, values } = parseArgs({ allowPositionals: true, options: { sources: { type: 'boolean' } } });
const [wanted = '', out = ''] = positionals;
const checkout = process.cwd();
const plan = imagePlans[imageName(wanted)];
const code = values.sources === true ? 'src' : 'dist';

const workspaces = readWorkspaces(checkout);
const own = workspaces.get(plan.workspace);
if (own === undefined || out === '') throw new Error('usage: assemble.ts <image> <folder> [--sources]');

if (plan.tsconfig !== undefined && code === 'src') {
  // the classic builder runs every stage up to the wanted one, this one too
  mkdirSync(out);
  console.log(`${wanted} has no image for the inner loop`);
  process.exit();
}
// the sandbox is a part of its package, and needs a part of what that needs
const needed = plan.tsconfig === undefined ? dependenciesOf(own) : importedBy(join(own.folder, 'dist'));
const included = [
  ...new Set(needed.filter((name) => workspaces.has(name)).flatMap((name) => productionWorkspaces(workspaces, name))),
  own,
];
const roots = new Map(included.map((each) => [each.folder, each === own ? needed : dependenciesOf(each)]));

for (const workspace of included) {
  copyWorkspace(workspace);
  if (workspace !== own) link(workspace);
}
const lock = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8')) as Lock;
const packages = productionPackages(lock, roots).filter(isInstalled);
for (const path of packages) copyPackage(path);
writeJson('package.json', { name: `@homeroom/image-${wanted}`, private: true, type: 'module', main: plan.main });
console.log(`${wanted}: ${included.length} packages of this repository, ${packages.length} of others`);

/** Optional packages are absent where they were made for another platform. */
function isInstalled(path: string): boolean {
  if (existsSync(join(checkout, path))) return true;
  if (lock.packages[path]?.optional === true) return false;
  throw new Error(`${path} is in the lock and was not installed`);
}

function dependenciesOf({ manifest }: Workspace): string[] {
  return Object.keys(manifest.dependencies ?? {});
}

/** The packages that compiled programs name. */
function importedBy(folder: string): string[] {
  const names = globSync('**/*.js', { cwd: join(checkout, folder) }).flatMap((file) => {
    const text = readFileSync(join(checkout, folder, file), 'utf8');
    return [...text.matchAll(/\bfrom ['"]((?:@[^/'"]+\/)?[^./'"][^/'"]*)/g)].map((match) => match[1] ?? '');
  });
  return [...new Set(names)].filter((name) => !name.startsWith('node:'));
}

function copyWorkspace({ folder, manifest }: Workspace): void {
  const { name, version, type, exports, dependencies } = manifest;
  writeJson(join(folder, 'package.json'), { name, version, type, exports, dependencies });
  const unwanted = code === 'dist' ? /\.d\.ts$|\.map$|\.tsbuildinfo$/ : /\.test\.ts$/;
  for (const part of [code, 'migrations']) {
    const from = join(checkout, folder, part);
    if (existsSync(from))
      cpSync(from, join(out, folder, part), { recursive: true, filter: (file) => !unwanted.test(file) });
  }
}

function link({ folder, manifest }: Workspace): void {
  const path = join(out, 'node_modules', manifest.name);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(relative(dirname(path), join(out, folder)), path);
}

/** A package's own files; what is nested in its node_modules has an entry of its own in the lock. */
function copyPackage(path: string): void {
  const from = join(checkout, path);
  cpSync(from, join(out, path), {
    recursive: true,
    filter: (file) => {
      const inside = relative(from, file);
      return inside === '' || (inside.split('/')[0] !== 'node_modules' && !isNeedless(inside));
    },
  });
}

function writeJson(path: string, value: unknown): void {
  mkdirSync(dirname(join(out, path)), { recursive: true });
  writeFileSync(join(out, path), `${JSON.stringify(value, null, 2)}\n`);
}
