import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { autoscalerQueries, autoscalerTests, withoutProtection } from './autoscaler-queries.ts';
import { proveKubeScore } from './kube-score.ts';
import { checkout, run, same, work, type Parts } from './parts.ts';
import { charts, helm, renderText } from './render.ts';
import { writeSchemas } from './schemas.ts';

const edge = { 'global.networkPolicy.ingressFrom': [{ namespaceSelector: {} }] };

const combinations: Record<string, Record<string, unknown>> = {
  plain: {},
  autoscaling: { 'global.autoscaling.enabled': true },
  ingress: { ...edge, 'global.ingress': { enabled: true, host: 'a.example', className: '', tlsSecret: 'tls' } },
  route: { ...edge, 'global.httpRoute': { enabled: true, parentRefs: [{ name: 'edge' }], hostnames: ['a.example'] } },
  keda: { 'global.keda.enabled': true },
  'three brokers': { 'data.kafka.brokers': 3, 'global.postgres.replicas': 2 },
  open: { 'global.networkPolicy.enabled': false, 'gateway.service.type': 'NodePort' },
  development: { 'global.development': true },
  canary: { 'gateway.canaries': [{ service: 'families', headlessService: 'canary-families-headless', percent: 25 }] },
};

/** What can be checked before anything is installed. */
export async function proveCharts(parts: Parts): Promise<void> {
  await parts.part('helm lint', async () => {
    for (const chart of ['homeroom', 'service', 'data']) helm(['lint', '--strict', join(charts, chart)]);
  });
  await parts.part('kubeconform', conform);
  await proveKubeScore(parts);
  await parts.part('template tests', templateTests);
  await parts.part('alert rules', async () =>
    console.log(await promtool(join(checkout, 'k8s/metrics/rules/homeroom.test.yaml'))),
  );
  await parts.part('autoscaler queries', testAutoscalerQueries);
}

async function conform(): Promise<void> {
  const schemas = await writeSchemas(join(work, 'schemas'));
  mkdirSync(work, { recursive: true });
  const files = Object.entries(combinations).map(([name, values]) => {
    const file = join(work, `${name.replaceAll(' ', '-')}.yaml`);
    writeFileSync(file, renderText(values));
    return file;
  });
  const production = join(work, 'production.yaml');
  writeFileSync(production, renderText({}, ['values-production.yaml']));
  // this cluster has no schemas of Gateway API and KEDA; the summary counts them as skipped
  const skip = ['-skip', 'HTTPRoute,ScaledObject'];
  const flags = ['-strict', '-summary', '-schema-location', schemas, ...skip];
  console.log(await run('kubeconform', [...flags, ...files, production]));
}

async function templateTests(): Promise<void> {
  const jest = join(checkout, 'node_modules', 'jest', 'bin', 'jest.js');
  // Jest's default leaves one of two cores idle
  const flags = ['--maxWorkers=2', '--rootDir', checkout, '--testMatch', '**/tools/e2e/test/*.helm.ts'];
  await run(process.execPath, [jest, ...flags], { NODE_OPTIONS: '--experimental-vm-modules' });
}

async function testAutoscalerQueries(): Promise<void> {
  const folder = join(work, 'autoscaler-queries');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'queries.test.yaml');
  const queries = autoscalerQueries();
  writeFileSync(file, autoscalerTests(queries));
  console.log(await promtool(file));
  const weaker = Object.entries(withoutProtection(queries));
  same('protections of the queries', String(weaker.length), '14');
  for (const [name, without] of weaker) {
    writeFileSync(file, autoscalerTests(without));
    const noticed = await promtool(file).then(
      () => 'not noticed',
      (error: unknown) => (String(error).includes('FAILED') ? 'noticed' : String(error)),
    );
    same(name, noticed, 'noticed');
  }
}

/** Runs `promtool test rules` from the PATH, or else from Prometheus's image. @throws {Error} with its output when a test fails. */
async function promtool(file: string): Promise<string> {
  try {
    return await run('promtool', ['test', 'rules', file]);
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOENT') throw error;
    const folder = ['--volume', `${dirname(file)}:/rules:ro`, '--workdir', '/rules'];
    const image = 'prom/prometheus:v3.5.0';
    const docker = ['run', '--rm', '--network', 'none', ...folder, '--entrypoint', 'promtool', image];
    return run('docker', [...docker, 'test', 'rules', basename(file)]);
  }
}
