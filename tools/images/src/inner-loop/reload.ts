// Runs a program from its sources and restarts it after each save: `node <flags> reload.ts <program> [arguments]`.
// Not `node --watch`: on Linux that watches the inode, so a file that is replaced, as tar does when it copies into a pod, is
// noticed only once.
import { watch } from 'chokidar';
import { spawn, type ChildProcess } from 'node:child_process';
import inspector from 'node:inspector';

// `NODE_OPTIONS=--inspect` is meant for the program: free its port
inspector.close();

/** A save may touch several files; it is complete after this long without a change. */
const quietMs = 50;
const command = process.argv.slice(2);
let program: ChildProcess | undefined;
let saved = false;
let stopping = false;
let quiet: NodeJS.Timeout | undefined;

function start(): void {
  saved = false;
  program = spawn(process.execPath, [...process.execArgv, ...command], { stdio: 'inherit' });
  program.once('exit', (code, signal) => {
    program = undefined;
    if (stopping) process.exit(code ?? 1);
    else if (saved) start();
    else console.error(`${command[0]} exited with ${signal ?? code}; it restarts on the next save`);
  });
}

function reload(): void {
  if (program === undefined) {
    start();
    return;
  }
  // a second signal would abort its shutdown
  if (!saved) program.kill('SIGTERM');
  saved = true;
}

for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => {
    stopping = true;
    if (program === undefined) process.exit(0);
    program.kill(signal);
  });

watch(['apps', 'libs', 'services'], { ignoreInitial: true, ignored: /\/node_modules\// }).on('all', () => {
  clearTimeout(quiet);
  quiet = setTimeout(reload, quietMs);
});
start();
