import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Options } from './options.ts';
import { checkout, run } from './parts.ts';

type Target = 'service' | 'dev';
const lists = { service: 'images.json', dev: 'images-dev.json' } as const;
/** The images of the inner loop; the data chart runs the sandbox's production image. */
const reloaded = ['families', 'enrollment', 'notifications'];

/**
 * Builds the images and loads them into the cluster.
 * @param folder the checkout to build; another one than this is built by its own tool.
 * @returns helm flags that name the images.
 */
export async function provideImages(
  { tag, load }: Options,
  target: Target = 'service',
  folder = checkout,
): Promise<string[]> {
  if (tag !== undefined) return ['--set', `global.image.tag=${tag}`];
  const only = target === 'dev' ? reloaded.flatMap((name) => ['--service', name]) : [];
  if (folder === checkout) await run('npm', ['run', 'images', '--', '--target', target, ...only]);
  else {
    const build = join(folder, 'tools/images/src/main.ts');
    await run(process.execPath, ['--conditions=@homeroom/source', build, '--tag', 'previous']);
  }
  const file = join(folder, '.homeroom', lists[target]);
  if (!existsSync(file)) throw new Error(`npm run images did not write ${file}`);
  const all = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  const images = Object.entries(all).filter(([name]) => target === 'service' || reloaded.includes(name));
  if (load !== undefined) {
    const [command = '', ...args] = load.split(' ');
    await run(command, [...args, ...images.map(([, ref]) => ref)]);
  }
  const tags = images.map(
    ([name, ref]) => `${name === 'sandbox' ? 'data.sandbox' : name}.image.tag=${ref.slice(ref.lastIndexOf(':') + 1)}`,
  );
  return ['--set', tags.join(',')];
}
