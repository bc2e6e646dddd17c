// Runs inside the build: `node compile.ts libs` or `node compile.ts families`.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { imageName, imageNames } from './images.ts';
import { imageWorkspaces } from './workspaces.ts';

const checkout = process.cwd();
const wanted = process.argv[2] ?? '';
const folders = (wanted === 'libs' ? imageNames : [imageName(wanted)])
  .flatMap((image) => imageWorkspaces(checkout, image).map(({ folder }) => folder))
  .filter((folder) => folder.startsWith('libs/') === (wanted === 'libs'));
for (const folder of new Set(folders)) compile(join(folder, 'tsconfig.build.json'));

function compile(tsconfig: string): void {
  const started = Date.now();
  const tsc = join(checkout, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', tsconfig], { stdio: 'inherit' });
  if (status !== 0) throw new Error(`tsc -p ${tsconfig} failed: see above`);
  console.log(`${tsconfig}  ${((Date.now() - started) / 1000).toFixed(1)} s`);
}
