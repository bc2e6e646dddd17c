import { waitFor } from '@homeroom/testing';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../src/check/container.ts';

const reload = join(import.meta.dirname, '../src/inner-loop/reload.ts');
const file = 'services/a/src/api.ts';
// prints its words once it can be stopped
const runs = (words: string): string => `process.on('SIGTERM', () => { console.log('stopping'); process.exit(3); });
  console.log('${words}');
  setInterval(() => undefined, 1000);`;

let folder: string;
let child: ChildProcess;
let said: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'homeroom-reload-'));
  for (const name of ['services/a/src', 'libs/b/src']) mkdirSync(join(folder, name), { recursive: true });
  said = '';
});
afterEach(async () => {
  if (child.exitCode === null) {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  rmSync(folder, { recursive: true });
});

/** As tar and many editors do: replaces the file by a new one. */
function save(text: string, name = file): void {
  writeFileSync(join(folder, 'new'), text);
  renameSync(join(folder, 'new'), join(folder, name));
}
function start(env: Record<string, string> = {}): void {
  child = spawn(process.execPath, [reload, file], {
    cwd: folder,
    env: { PATH: String(process.env['PATH']), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (text: Buffer) => (said += text.toString()));
}
const says = (words: string) => waitFor(`“${words}” in ${said}`, () => said.includes(words), { timeoutMs: 30_000 });
/** The watcher does not log when it is ready: a lib is touched until the program restarts. */
async function watching(): Promise<void> {
  const starts = (): number => said.split('first').length;
  const before = starts();
  await waitFor('the watcher', () => (save(String(Math.random()), 'libs/b/src/b.ts'), starts() > before), {
    timeoutMs: 30_000,
    everyMs: 500,
  });
}

describe('a program in a pod', () => {
  test('restarts on each save that replaces its file, after it has shut down', async () => {
    save(runs('first'));
    start();
    await says('first');
    await watching();
    for (const words of ['second', 'third', 'fourth']) {
      save(runs(words));
      await says(words);
      expect(said.slice(0, said.indexOf(words))).toMatch(/stopping\s*$/);
    }
  }, 60_000);

  test('that does not start restarts on the next save', async () => {
    save(runs('first'));
    start();
    await says('first');
    await watching();
    save('this is no program');
    await says('it restarts on the next save');
    save(runs('fixed'));
    await says('fixed');
    // and so do later saves
    save(runs('better'));
    await says('better');
  }, 60_000);

  test('stops on a signal, with the program’s own status', async () => {
    save(runs('first'));
    start();
    await says('first');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([3, null]);
    expect(said).toContain('stopping');
  }, 60_000);

  test('is what an inspector connects to', async () => {
    save(
      `import inspector from 'node:inspector'; console.log('at', inspector.url(), 'of', process.argv[1]); ${runs('first')}`,
    );
    const port = await freePort();
    start({ NODE_OPTIONS: `--inspect=127.0.0.1:${port}` });
    await says('first');
    expect(said).toMatch(new RegExp(`at ws://127\\.0\\.0\\.1:${port}/\\S+ of \\S+api\\.ts`));
  }, 60_000);
});
