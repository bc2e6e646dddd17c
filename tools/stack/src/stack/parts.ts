import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { checkBudget, planConnections, RESERVE } from '../engines/budget.ts';
import { prepareDatabases, readMaxConnections } from '../engines/databases.ts';
import { engineNeeds, startEngines, type Engines } from '../engines/engines.ts';
import { haproxyConfig } from '../gateway/haproxy.ts';
import { landingPage } from '../gateway/landing-page.ts';
import type { StackOptions } from '../options/options.ts';
import { runOnce } from '../processes/run-once.ts';
import { ensureBinaries, type Binaries } from '../machine/packages.ts';
import { PlainError } from '../terminal/errors.ts';
import { portNames, type PortName } from '../options/port-table.ts';
import { describeTaken, findTaken } from '../machine/ports.ts';
import type { ProcessSpec } from '../processes/child.ts';
import { expectOk, untilServing } from '../processes/serving.ts';
import type { Supervisor } from '../processes/supervisor.ts';
import type { Progress } from '@homeroom/terminal';
import { loadSecrets, type Secrets } from '../services/secrets.ts';
import { ensureCoordinator, firstGuardianEmail, seed } from './seed.ts';
import { serviceNames } from '../options/service-names.ts';
import { apiSpecs, commandOf, serviceWorld, workerSpec, type ServiceWorld } from '../services/services.ts';
import type { StackFile } from './stack-file.ts';

export interface StackHooks {
  /** Changes a process, for example to print its output. */
  adapt?: (spec: ProcessSpec) => ProcessSpec;
  /** Only the engines, no services. */
  enginesOnly?: boolean;
  /** Aborts the start. */
  signal?: AbortSignal;
}

/** Starts everything, each part as soon as what it depends on is ready. */
export async function startParts(
  options: StackOptions,
  progress: Progress,
  supervisor: Supervisor,
  hooks: StackHooks,
): Promise<StackFile> {
  const needs = needsOf(options, hooks);
  const binaries = await ensureBinaries(needs.binaries, (labels) =>
    progress.say(`  Installing ${labels.join(', ')} (apt) …`),
  );
  const taken = await findTaken(options.ports, needs.ports, options.host);
  if (taken.length > 0) throw new PlainError(describeTaken(taken));

  const secrets = loadSecrets(options.stateDir);
  const budget = planConnections(availableParallelism(), options.poolSize);
  const settings = {
    options,
    binaries,
    postgresPassword: secrets.postgres,
    maxConnections: Math.max(200, budget.planned + RESERVE),
  };
  const engines = await startEngines(supervisor, progress, settings);
  const description = describe(options, engines, secrets);
  if (hooks.enginesOnly === true) return description;
  checkBudget(budget, await readMaxConnections(engines.postgres));

  const world = serviceWorld(options, engines, secrets, budget);
  const databases = await progress.step('Databases and migrations', async () => {
    const prepared = await prepareDatabases(engines.postgres, engines.postgresReplicas, secrets.roles);
    await Promise.all(
      serviceNames.map((service) =>
        runOnce(`The migrations of ${service}`, commandOf(world, service, prepared[service], 'migrate.ts')),
      ),
    );
    return prepared;
  });
  const adapt = hooks.adapt ?? ((spec) => spec);
  await Promise.all([
    ensureCoordinator({ world, databases, coordinator: description.coordinator }),
    ...sandboxes(options, secrets, world).map(({ label, spec }) =>
      progress.step(label, () => supervisor.start(adapt(spec))),
    ),
    ...serviceNames.map((service) =>
      progress.step(`${service}: 2 × api, worker`, async () => {
        const specs = [...apiSpecs(world, service, databases[service]), workerSpec(world, service, databases[service])];
        await Promise.all(specs.map((spec) => supervisor.start(adapt(spec))));
      }),
    ),
  ]);
  await progress.step('Gateway', () => startGateway(options, world, supervisor, binaries, description));
  const { coordinator, guardian, gateway } = description;
  if (options.seed) await seed({ coordinator, guardian, gateway, progress });
  return description;
}

function needsOf({ external }: StackOptions, hooks: StackHooks): { binaries: (keyof Binaries)[]; ports: PortName[] } {
  const engines = engineNeeds(external);
  if (hooks.enginesOnly === true) return engines;
  const skipped = new Set<PortName>();
  if (external.smtp !== undefined) skipped.add('mail').add('smtp');
  if (external.payments !== undefined) skipped.add('payments');
  const engineOnly = new Set(engineNeeds({}).ports);
  return {
    binaries: [...engines.binaries, 'haproxy'],
    ports: [...engines.ports, ...portNames.filter((name) => !engineOnly.has(name) && !skipped.has(name))],
  };
}

function sandboxes(
  options: StackOptions,
  secrets: Secrets,
  world: ServiceWorld,
): { label: string; spec: ProcessSpec }[] {
  const { host, ports, external, stateDir, checkout } = options;
  const program = (name: string, port: number, env: Record<string, string>): ProcessSpec => ({
    name,
    command: process.execPath,
    args: ['--conditions=@homeroom/source', '--max-semi-space-size=2', join('src', `${name}.ts`)],
    cwd: join(checkout, 'apps', 'sandbox'),
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: world.compileCache, HOST: host, PORT: String(port), ...env },
    stopTimeoutMs: 1000,
    ready: (signal) => untilServing(signal, () => expectOk(`http://${host}:${port}/`)),
  });
  const webhookUrl = `http://${host}:${ports.gateway}/api/payments/webhook`;
  const payments = {
    WEBHOOK_URL: webhookUrl,
    WEBHOOK_SECRET: secrets.webhooks,
    DATA_FILE: join(stateDir, 'data', 'payments.jsonl'),
  };
  const mail = { SMTP_PORT: String(ports.smtp), DATA_FILE: join(stateDir, 'data', 'mails.jsonl') };
  return [
    ...(external.smtp === undefined
      ? [{ label: 'Mail catcher', spec: program('mail-catcher', ports.mail, mail) }]
      : []),
    ...(external.payments === undefined
      ? [{ label: 'Payment sandbox', spec: program('payment-sandbox', ports.payments, payments) }]
      : []),
  ];
}

async function startGateway(
  options: StackOptions,
  { gatewaySource, publicOrigin }: ServiceWorld,
  supervisor: Supervisor,
  binaries: Partial<Binaries>,
  description: StackFile,
): Promise<void> {
  const { stateDir, host, ports } = options;
  const [configuration, landing] = [join(stateDir, 'haproxy.cfg'), join(stateDir, 'landing.html')];
  mkdirSync(stateDir, { recursive: true });
  writeFileSync(landing, landingPage(description));
  const gateway = { ...options, source: gatewaySource, landingPage: landing, publicOrigin };
  writeFileSync(configuration, haproxyConfig(gateway));
  await supervisor.start({
    name: 'gateway',
    command: binaries.haproxy!,
    args: ['-db', '-f', configuration],
    // lets requests in flight end
    stopSignal: 'SIGUSR1',
    stopTimeoutMs: 1500,
    ready: (signal) => untilServing(signal, () => expectOk(`http://${host}:${ports.gateway}/`)),
  });
}

function describe(options: StackOptions, engines: Engines, secrets: Secrets): StackFile {
  const { host, ports, external, stateDir } = options;
  const page = (port: number): string => `http://${host}:${port}`;
  return {
    pid: process.pid,
    checkout: options.checkout,
    gateway: page(ports.gateway),
    balance: page(ports.balance),
    mail: external.smtp === undefined ? page(ports.mail) : undefined,
    payments: external.payments ?? page(ports.payments),
    coordinator: { email: 'coordinator@willow-creek.example', password: secrets.coordinator },
    guardian: { email: firstGuardianEmail(), password: secrets.guardian },
    engines,
    logDir: join(stateDir, 'log'),
  };
}
