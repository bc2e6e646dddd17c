import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { House } from './cluster.ts';
import { Parts, run } from './parts.ts';
import { charts, renderText } from './render.ts';
import { writeSchemas } from './schemas.ts';

const help = `Proves the charts on the cluster of the current KUBECONFIG, in a namespace of its own.

  --load <command>    run with the images' names once they are built, such as "kind load docker-image"
  --tag <tag>         images with this tag are there already: build none
  --families <n>      how many families the journey brings, 40
  --keep              leave the release and its namespace`;

const { values: options } = parseArgs({
  options: {
    load: { type: 'string' },
    tag: { type: 'string' },
    families: { type: 'string', default: '40' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h' },
  },
});
const checkout = join(import.meta.dirname, '../../..');
const work = join(checkout, '.homeroom', 'e2e');
const chart = join(charts, 'homeroom');
const house = new House(`homeroom-e2e-${process.pid}`);
const { part, table } = bound(new Parts());

const combinations: Record<string, Record<string, unknown>> = {
  plain: {},
  autoscaling: { 'global.autoscaling.enabled': true },
  ingress: { 'global.ingress': { enabled: true, host: 'a.example', className: '', tlsSecret: 'tls' } },
  route: { 'global.httpRoute': { enabled: true, parentRefs: [{ name: 'edge' }], hostnames: ['a.example'] } },
  keda: { 'global.keda.enabled': true },
  'three brokers': { 'data.kafka.brokers': 3, 'global.postgres.replicas': 2 },
  open: { 'global.networkPolicy.enabled': false, 'gateway.service.type': 'NodePort' },
};

if (options.help === true) {
  console.log(help);
  process.exit(0);
}
try {
  await main();
  console.log(`\n${table()}\n\nThe charts keep what they promise.`);
} catch (error) {
  console.error(error);
  await house.describe();
  console.error(`\n${table()}`);
  process.exitCode = 1;
} finally {
  if (!options.keep) await run('kubectl', ['delete', 'namespace', house.namespace, '--ignore-not-found']);
}

async function main(): Promise<void> {
  await part('helm lint', () => house.helm('lint', '--strict', chart, join(charts, 'service'), join(charts, 'data')));
  await part('kubeconform', conform);
  await part('template tests', templateTests);
  const images = await part('images', build);
  await house.create();
  const set = ['--set', `global.rateLimitPerMinute=0,${images.join(',')}`, '--timeout', '300s'];
  await part('helm install', () => house.helm('install', 'homeroom', chart, ...set, '--wait'));
  await part('helm test', () => house.helm('test', 'homeroom', '--timeout', '120s'));
  await part('journey', journey);
  const before = await contents();
  await part('roll', async () => {
    await house.kubectl('rollout', 'restart', 'deployment');
    await house.kubectl('rollout', 'status', 'deployment', '--timeout=180s');
  });
  const password = await house.secret('homeroom-coordinator', 'password');
  await part('helm upgrade', () =>
    house.helm('upgrade', 'homeroom', chart, ...set, '--set', 'global.logLevel=debug', '--wait'),
  );
  same(
    'the coordinator’s password after the upgrade',
    await house.secret('homeroom-coordinator', 'password'),
    password,
  );
  await part('helm rollback', () => house.helm('rollback', 'homeroom', '1', '--wait', '--timeout', '300s'));
  same('the data after upgrade and rollback', await contents(), before);
  await part('helm test again', () => house.helm('test', 'homeroom', '--timeout', '120s'));
  await part('helm uninstall', uninstall);
}

async function conform(): Promise<void> {
  const schemas = await writeSchemas(join(work, 'schemas'));
  const files = Object.entries(combinations).map(([name, values]) => {
    const file = join(work, `${name.replaceAll(' ', '-')}.yaml`);
    mkdirSync(work, { recursive: true });
    writeFileSync(file, renderText(values));
    return file;
  });
  const production = join(work, 'production.yaml');
  writeFileSync(production, renderText({}, ['values-production.yaml']));
  // whoever has the resources of Gateway API and KEDA has their schemas; here they are left out, and said to be
  const skip = ['-skip', 'HTTPRoute,ScaledObject'];
  const flags = ['-strict', '-summary', '-schema-location', schemas, ...skip];
  console.log(await run('kubeconform', [...flags, ...files, production]));
}

async function templateTests(): Promise<void> {
  const jest = join(checkout, 'node_modules', 'jest', 'bin', 'jest.js');
  await run(process.execPath, [jest, '--rootDir', checkout, '--testMatch', '**/tools/e2e/test/*.helm.ts'], {
    NODE_OPTIONS: '--experimental-vm-modules',
  });
}

/** Flags for helm that name the images. */
async function build(): Promise<string[]> {
  if (options.tag !== undefined) return [`global.image.tag=${options.tag}`];
  await run('npm', ['run', 'images'], {});
  const file = join(checkout, '.homeroom', 'images.json');
  if (!existsSync(file)) throw new Error('npm run images has left no .homeroom/images.json');
  const images = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  if (options.load !== undefined) {
    const [command = '', ...args] = options.load.split(' ');
    await run(command, [...args, ...Object.values(images)]);
  }
  return Object.entries(images).map(
    ([name, ref]) => `${name === 'sandbox' ? 'data.sandbox' : name}.image.tag=${ref.slice(ref.lastIndexOf(':') + 1)}`,
  );
}

async function journey(): Promise<void> {
  const ways = await Promise.all([
    house.forward('homeroom-gateway', 80),
    house.forward('homeroom-data-mail', 8025),
    house.forward('homeroom-data-payments', 8090),
  ]);
  try {
    const [gateway, mail, payments] = ways.map(({ url }) => url);
    const main = join(checkout, 'tools', 'stack', 'src', 'journey', 'main.ts');
    console.log(
      await run(process.execPath, ['--conditions=@homeroom/source', main, '--families', options.families], {
        HOMEROOM_GATEWAY_URL: gateway,
        HOMEROOM_MAIL_URL: mail,
        HOMEROOM_PAYMENTS_URL: payments,
        HOMEROOM_COORDINATOR_EMAIL: await house.secret('homeroom-coordinator', 'email'),
        HOMEROOM_COORDINATOR_PASSWORD: await house.secret('homeroom-coordinator', 'password'),
      }),
    );
  } finally {
    for (const way of ways) way.close();
  }
}

/** How much there is of what must not be lost. */
async function contents(): Promise<string> {
  const counts = await Promise.all([
    house.sql('families', 'select count(*) from families'),
    house.sql('enrollment', 'select count(*) from enrollments'),
    house.sql('notifications', 'select count(*) from notifications'),
  ]);
  return counts.map((count) => count.trim()).join(' ');
}

async function uninstall(): Promise<void> {
  await house.helm('uninstall', 'homeroom', '--wait');
  // what owns the pods is gone; they themselves finish what they are doing
  await house.kubectl('wait', '--for=delete', 'pod,replicaset,job', '--all', '--timeout=120s');
  const left = await house.kubectl('get', 'all,cm,pdb,hpa,netpol,secret,pvc', '--output', 'name');
  const unexpected = left
    .split('\n')
    .filter((name) => name !== '' && !/^(secret|persistentvolumeclaim)\/|kube-root-ca/.test(name));
  same('what is left besides Secrets and volumes', unexpected.join(' '), '');
}

function same(what: string, found: string, expected: string): void {
  if (found !== expected) throw new Error(`${what}: “${found}” instead of “${expected}”`);
}

function bound(parts: Parts) {
  return { part: parts.part.bind(parts), table: parts.table.bind(parts) };
}
