import { openProgress, type Progress } from '@homeroom/terminal';
import pretty from 'pino-pretty';
import { checkout, readStackOptions, stackFlags } from '../options/options.ts';
import { apiNames, serviceNames, workerName, type ServiceName } from '../options/service-names.ts';
import type { ProcessSpec } from '../processes/child.ts';
import { servicesOf, watchSources } from '../services/watch.ts';
import { removeAbandoned } from '../stack/private-stacks.ts';
import { startStack, type RunningStack } from '../stack/stack.ts';
import { whatToOpen } from '../stack/what-to-open.ts';
import { PlainError } from '../terminal/errors.ts';
import { runCommand } from '../terminal/run-command.ts';

const help = `Starts Homeroom, shows its logs, and reloads a service when its sources or those of its libs are saved. The two
instances of an API are reloaded one after the other, so that the gateway always has one.

  npm run dev -- [service …] [options]      services: ${serviceNames.join(', ')}; without any, all

${stackFlags}`;

await runCommand(async ({ signal, happened }) => {
  const { options, positionals } = readStackOptions(process.argv.slice(2), process.env);
  const unknown = positionals.filter((name) => !(serviceNames as readonly string[]).includes(name));
  if (unknown.length > 0)
    throw new PlainError(`Unknown service “${unknown.join(' ')}”. Choose from ${serviceNames.join(', ')}`);
  const watched = positionals.length === 0 ? [...serviceNames] : (positionals as ServiceName[]);
  const shown = new Set(watched.flatMap((service) => [...apiNames(service), workerName(service)]));

  const progress = openProgress();
  const startedAt = Date.now();
  await removeAbandoned(checkout);
  const stack = await startStack(options, progress, {
    signal,
    adapt: (spec) => (shown.has(spec.name) ? printed(spec) : spec),
  });
  let reloading = Promise.resolve();
  const watcher = await watchSources(checkout, (files) => {
    const touched = new Set(
      files.flatMap((file) => servicesOf(checkout, file)).filter((service) => watched.includes(service)),
    );
    for (const service of touched) reloading = reloading.then(() => reload(stack, service, progress));
  });
  progress.say(`\n${whatToOpen(stack.description, Date.now() - startedAt)}\n  A save reloads ${watched.join(', ')}.\n`);
  await happened;
  await watcher.close();
  progress.say('');
  await progress.step('Stopping', () => stack.stop());
  return 0;
}, help);

async function reload({ supervisor }: RunningStack, service: ServiceName, progress: Progress): Promise<void> {
  const startedAt = Date.now();
  const [first, second] = apiNames(service);
  try {
    await supervisor.reload(first!);
    await Promise.all([supervisor.reload(second!), supervisor.reload(workerName(service))]);
    progress.say(`  ↻ ${service} reloaded in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
  } catch (error) {
    progress.say(
      `  ✗ ${service} does not start: ${(error as Error).message}\n  It is tried again after the next save.`,
    );
  }
}

/** The child's log lines, readable, with its name in front. */
function printed(spec: ProcessSpec): ProcessSpec {
  const lines = pretty({
    sync: true,
    colorize: process.stdout.isTTY,
    ignore: 'pid,hostname,service,role',
    messageFormat: `${spec.name} {msg}`,
  });
  return { ...spec, output: (chunk) => void lines.write(chunk) };
}
