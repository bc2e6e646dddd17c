// Runs a program from its sources, and starts it again after each save: `node <flags> reload.ts <program> [arguments]`.
// Not `node --watch`: on Linux that follows a file itself, and who saves by replacing it, as tar does when files are copied into
// a pod, is heard once and never again.
import { watch } from 'chokidar';
import { spawn, type ChildProcess } from 'node:child_process';
import inspector from 'node:inspector';

// `NODE_OPTIONS=--inspect` means the program, which would find its port taken
inspector.close();

/** Several files come one after the other: a save is over when nothing moved for so long. */
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
    else console.error(`${command[0]} has ended with ${signal ?? code}, and is started again after the next save`);
  });
}

function reload(): void {
  if (program === undefined) {
    start();
    return;
  }
  // told twice it would break off what it is finishing
  if (!saved) program.kill('SIGTERM');
  saved = true;
}

for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => {
    stopping = true;
    if (program === undefined) process.exit(0);
    program.kill(signal);
  });

watch(['services', 'libs'], { ignoreInitial: true, ignored: /\/node_modules\// }).on('all', () => {
  clearTimeout(quiet);
  quiet = setTimeout(reload, quietMs);
});
start();
