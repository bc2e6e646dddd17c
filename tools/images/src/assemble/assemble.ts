// Runs inside the build: `node assemble.ts families /out [--sources]` writes the image's /app.
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { imageName, imagePrograms } from './images.ts';
import { isNeedless } from './needless.ts';
import { productionPackages, type Lock } from './packages.ts';
import { dependenciesByFolder, imageWorkspaces, type Workspace } from './workspaces.ts';

const { positionals, values } = parseArgs({ allowPositionals: true, options: { sources: { type: 'boolean' } } });
const [wanted = '', out = ''] = positionals;
if (out === '') throw new Error('usage: assemble.ts <image> <folder> [--sources]');
const image = imageName(wanted);
const checkout = process.cwd();
const code = values.sources === true ? 'src' : 'dist';

const included = imageWorkspaces(checkout, image);
for (const workspace of included) {
  copyWorkspace(workspace);
  link(workspace);
}
const lock = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8')) as Lock;
const packages = productionPackages(lock, dependenciesByFolder(included)).filter(isInstalled);
for (const path of packages) copyPackage(path);
const main = join(included.at(-1)?.folder ?? '', 'dist', `${imagePrograms[image][0]}.js`);
writeJson('package.json', { name: `@homeroom/image-${image}`, private: true, type: 'module', main });
console.log(`${image}: ${included.length} workspaces, ${packages.length} third-party packages`);

/** Optional packages for another platform are not installed. */
function isInstalled(path: string): boolean {
  if (existsSync(join(checkout, path))) return true;
  if (lock.packages[path]?.optional === true) return false;
  throw new Error(`${path} is in package-lock.json but not installed`);
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

/** A package's own files; what is nested in its node_modules has its own entry in the lock. */
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
