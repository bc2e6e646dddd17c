// Runs inside the build: `node compile.ts libs` or `node compile.ts families`.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { imageName, imageNames, imagePlans } from './images.ts';
import { productionWorkspaces, readWorkspaces, type Workspace } from './workspaces.ts';

const checkout = process.cwd();
const wanted = process.argv[2] ?? '';
const workspaces = readWorkspaces(checkout);

if (wanted === 'libs') {
  const needed = imageNames.flatMap((name) => productionWorkspaces(workspaces, imagePlans[name].workspace));
  for (const lib of new Set(needed.filter(({ folder }) => folder.startsWith('libs/')))) compile(buildConfig(lib));
} else {
  const { workspace, tsconfig } = imagePlans[imageName(wanted)];
  const service = workspaces.get(workspace);
  if (service === undefined) throw new Error(`${workspace} is not in the build context`);
  compile(tsconfig ?? buildConfig(service));
}

function buildConfig({ folder }: Workspace): string {
  return join(folder, 'tsconfig.build.json');
}

function compile(tsconfig: string): void {
  if (!existsSync(join(checkout, tsconfig))) throw new Error(`${tsconfig} is not in the build context`);
  const started = Date.now();
  const tsc = join(checkout, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', tsconfig], { stdio: 'inherit' });
  if (status !== 0) throw new Error(`tsc -p ${tsconfig} failed: see above`);
  console.log(`${tsconfig}  ${((Date.now() - started) / 1000).toFixed(1)} s`);
}
