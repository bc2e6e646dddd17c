import { describe, expect, test } from '@jest/globals';
import { pods, render, type Manifest, type Pod } from '../src/render.ts';

const plain = render();
const combinations: Record<string, Manifest[]> = {
  'by default': plain,
  'with autoscalers': render({ 'global.autoscaling.enabled': true }),
  'at an upgrade': render({}, [], { upgrade: true }),
  'in development': render({ 'global.development': true }),
  'in production': render({}, ['values-production.yaml']),
};
const everyPod = Object.entries(combinations).flatMap(([when, manifests]) =>
  pods(manifests).map((pod) => [`${pod.owner} ${when}`, pod] as const),
);
const serving = everyPod.filter(([name]) => /^(Deployment|StatefulSet)/.test(name));
const families = pods(plain).find(({ owner }) => owner === 'Deployment/homeroom-families-api')!;

/** The pod with a change made to a copy of it. */
function changed(change: (spec: Manifest, container: Manifest) => void): Pod {
  const pod = structuredClone(families);
  change(pod.spec, pod.spec.containers[0]);
  return pod;
}

const volumes = ['configMap', 'downwardAPI', 'emptyDir', 'persistentVolumeClaim', 'projected', 'secret'];

/** In what a pod fails the restricted Pod Security Standard: https://kubernetes.io/docs/concepts/security/pod-security-standards */
function unrestricted({ spec }: Pod): string[] {
  const faults: string[] = [];
  for (const key of ['hostNetwork', 'hostPID', 'hostIPC']) if (spec[key] !== undefined) faults.push(key);
  for (const volume of spec.volumes ?? [])
    if (!volumes.some((type) => type in volume)) faults.push(`volume ${volume.name}`);
  if (spec.securityContext?.seccompProfile?.type !== 'RuntimeDefault') faults.push('seccompProfile');
  if (spec.securityContext?.runAsNonRoot !== true) faults.push('runAsNonRoot');
  if (!(spec.securityContext?.runAsUser > 0)) faults.push('runAsUser');
  if (spec.securityContext?.sysctls !== undefined) faults.push('sysctls');
  for (const { securityContext = {}, ports = [] } of [...spec.containers, ...(spec.initContainers ?? [])]) {
    if (securityContext.privileged !== undefined) faults.push('privileged');
    if (securityContext.allowPrivilegeEscalation !== false) faults.push('allowPrivilegeEscalation');
    if (!securityContext.capabilities?.drop?.includes('ALL')) faults.push('capabilities');
    if (securityContext.capabilities?.add !== undefined) faults.push('capabilities');
    if (securityContext.runAsUser !== undefined) faults.push('runAsUser');
    if (ports.some(({ hostPort }: Manifest) => hostPort !== undefined)) faults.push('hostPort');
  }
  return faults;
}

describe('every pod meets the restricted standard', () => {
  test.each(everyPod)('%s', (_, pod) => {
    expect(unrestricted(pod)).toEqual([]);
  });

  test.each<[string, (spec: Manifest, container: Manifest) => void]>([
    ['hostNetwork', (spec) => (spec.hostNetwork = true)],
    ['volume tmp', (spec) => (spec.volumes = [{ name: 'tmp', hostPath: { path: '/tmp' } }])],
    ['seccompProfile', (spec) => delete spec.securityContext.seccompProfile],
    ['runAsNonRoot', (spec) => delete spec.securityContext.runAsNonRoot],
    ['runAsUser', (spec) => (spec.securityContext.runAsUser = 0)],
    ['privileged', (_, container) => (container.securityContext.privileged = true)],
    ['allowPrivilegeEscalation', (_, container) => delete container.securityContext.allowPrivilegeEscalation],
    ['capabilities', (_, container) => delete container.securityContext.capabilities],
    ['hostPort', (_, container) => (container.ports[0].hostPort = 3000)],
  ])('a pod with another %s would not', (fault, change) => {
    expect(unrestricted(changed(change))).toEqual([fault]);
  });
});

/** What the chart requires of a pod besides. */
function careless({ spec }: Pod): string[] {
  const faults: string[] = [];
  if (spec.automountServiceAccountToken !== false) faults.push('token');
  if (spec.enableServiceLinks !== false) faults.push('enableServiceLinks');
  for (const { resources, securityContext } of [...spec.containers, ...(spec.initContainers ?? [])]) {
    if (securityContext.readOnlyRootFilesystem !== true) faults.push('writable root');
    for (const kind of ['requests', 'limits'])
      for (const what of ['cpu', 'memory', 'ephemeral-storage'])
        if (resources?.[kind]?.[what] === undefined) faults.push(`${kind}.${what}`);
  }
  return faults;
}

describe('every pod has requests and limits, and can neither write to its root nor speak to the cluster', () => {
  test.each(everyPod.filter(([name]) => !name.endsWith('in development')))('%s', (_, pod) => {
    expect(careless(pod)).toEqual([]);
  });

  test.each<[string, (spec: Manifest, container: Manifest) => void]>([
    ['token', (spec) => delete spec.automountServiceAccountToken],
    ['enableServiceLinks', (spec) => delete spec.enableServiceLinks],
    ['writable root', (_, container) => delete container.securityContext.readOnlyRootFilesystem],
    ['requests.cpu', (_, container) => delete container.resources.requests.cpu],
    ['limits.memory', (_, container) => delete container.resources.limits.memory],
    ['requests.ephemeral-storage', (_, container) => delete container.resources.requests['ephemeral-storage']],
    ['limits.ephemeral-storage', (_, container) => delete container.resources.limits['ephemeral-storage']],
  ])('one without is noticed: %s', (fault, change) => {
    expect(careless(changed(change))).toEqual([fault]);
  });
});

/** What a pod lacks that others depend on. */
function disorderly({ spec }: Pod): string[] {
  const [container] = spec.containers;
  const probes = ['startupProbe', 'readinessProbe', 'livenessProbe'];
  const faults = probes.filter((probe) => container[probe] === undefined);
  // an engine without HTTP is probed by its own protocol; anything with HTTP has three different probes
  const speaksHttp = container.ports.some(({ name }: Manifest) => name === 'http');
  const paths = new Set(probes.map((probe) => container[probe]?.httpGet?.path).filter(Boolean));
  if (speaksHttp && faults.length === 0 && paths.size < probes.length) faults.push('paths of its probes');
  const preStop: number = container.lifecycle?.preStop?.sleep?.seconds ?? 0;
  if (preStop < 1) faults.push('preStop');
  if (!(spec.terminationGracePeriodSeconds > preStop)) faults.push('terminationGracePeriodSeconds');
  const apart = (spec.topologySpreadConstraints ?? []).map(({ topologyKey }: Manifest) => topologyKey as string);
  for (const place of ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'])
    if (!apart.includes(place)) faults.push(`spread over ${place}`);
  if ((spec.serviceAccountName ?? 'default') === 'default') faults.push('serviceAccountName');
  return faults;
}

describe('every serving pod is probed, shuts down in order, spreads across nodes, and has its own service account', () => {
  test.each(serving)('%s', (_, pod) => {
    expect(disorderly(pod)).toEqual([]);
  });

  test.each<[string, (spec: Manifest, container: Manifest) => void]>([
    ['startupProbe', (_, container) => delete container.startupProbe],
    ['readinessProbe', (_, container) => delete container.readinessProbe],
    ['livenessProbe', (_, container) => delete container.livenessProbe],
    ['paths of its probes', (_, container) => (container.livenessProbe = container.readinessProbe)],
    ['preStop', (_, container) => delete container.lifecycle],
    ['terminationGracePeriodSeconds', (spec) => (spec.terminationGracePeriodSeconds = 5)],
    ['spread over topology.kubernetes.io/zone', (spec) => spec.topologySpreadConstraints.shift()],
    ['spread over kubernetes.io/hostname', (spec) => spec.topologySpreadConstraints.pop()],
    ['serviceAccountName', (spec) => delete spec.serviceAccountName],
  ])('one without %s is noticed', (fault, change) => {
    expect(disorderly(changed(change))).toEqual([fault]);
  });

  test('each account is rendered, and has no token', () => {
    const accounts = plain.filter(({ kind }) => kind === 'ServiceAccount');
    for (const { automountServiceAccountToken } of accounts) expect(automountServiceAccountToken).toBe(false);
    const names = accounts.map(({ metadata }) => metadata.name as string);
    for (const [, { spec }] of serving.filter(([name]) => name.endsWith('by default')))
      expect(names).toContain(spec.serviceAccountName);
  });
});

/** How many of its pods a budget lets go at once. */
const mayLeave = ({ maxUnavailable, minAvailable }: Manifest, replicas: number): number =>
  minAvailable === undefined ? maxUnavailable : replicas - minAvailable;

test('every pod pulls its image with the Secrets that are named', () => {
  const pulling = pods(render({ 'global.image.pullSecrets': [{ name: 'registry' }] }));
  expect(pulling.filter(({ spec }) => spec.imagePullSecrets?.[0]?.name !== 'registry')).toEqual([]);
  expect(pods(plain).filter(({ spec }) => spec.imagePullSecrets !== undefined)).toEqual([]);
});

describe('a drain goes on', () => {
  const budgets = plain.filter(({ kind }) => kind === 'PodDisruptionBudget');

  test.each(budgets.map((budget) => [budget.metadata.name as string, budget] as const))('%s', (_, { spec }) => {
    expect(mayLeave(spec, 1)).toBe(1);
    // a pod that is broken anyway holds nothing up
    expect(spec.unhealthyPodEvictionPolicy).toBe('AlwaysAllow');
  });

  test('a budget that says how many must stay would hold it for ever where one pod is all there is', () => {
    expect(mayLeave({ minAvailable: 1 }, 1)).toBe(0);
  });

  test('every pod that serves has one budget', () => {
    for (const [name, { labels }] of serving.filter(([name]) => name.endsWith('by default'))) {
      const own = budgets.filter(({ spec }) =>
        Object.entries(spec.selector.matchLabels as Record<string, string>).every(([k, v]) => labels[k] === v),
      );
      expect([name, own.length]).toEqual([name, 1]);
    }
  });
});

describe('a priority class', () => {
  const classes = (manifests: Manifest[]): Set<unknown> =>
    new Set(
      pods(manifests)
        .filter(({ owner }) => !owner.startsWith('Pod/'))
        .map(({ spec }) => spec.priorityClassName),
    );

  test('is given to all but the tests when it is named, and to none when it is not', () => {
    expect(classes(render({ 'global.priorityClassName': 'high' }))).toEqual(new Set(['high']));
    expect(classes(plain)).toEqual(new Set([undefined]));
  });
});
