import { testWithSwitch } from '@homeroom/testing/switch';
import { describe, expect, test } from '@jest/globals';
import { environment } from '../src/environment.ts';
import { openings } from '../src/openings.ts';
import { find, pods, render, type Manifest } from '../src/render.ts';

const external = {
  'global.postgres.host': 'db.example',
  'data.parts.postgres': false,
  ...Object.fromEntries(
    ['families', 'enrollment', 'notifications'].map((s) => [`${s}.database.secret.name`, `${s}-db`]),
  ),
};
const job = (manifests: Manifest[]): Manifest => find(manifests, 'Job', 'homeroom-families-migrate-1');
const hookOf = ({ metadata }: Manifest): unknown => metadata.annotations?.['helm.sh/hook'];
const weightOf = ({ metadata }: Manifest): number => Number(metadata.annotations['helm.sh/hook-weight'] ?? 0);

const times: [when: string, manifests: Manifest[], isHook: boolean][] = [
  ['at an install that brings the database', render(), false],
  ['at an install beside a database of yours', render(external), true],
  ['at an upgrade', render({}, [], { upgrade: true }), true],
  ['at an upgrade beside a database of yours', render(external, [], { upgrade: true }), true],
];

describe.each(times)('%s', (_, manifests, isHook) => {
  test(isHook ? 'migrations go before all else' : 'migrations run beside the rest, which waits for them', () => {
    expect(hookOf(job(manifests))).toBe(isHook ? 'pre-install,pre-upgrade' : undefined);
    const hooks = manifests.filter((manifest) => /pre-(install|upgrade)/.test(String(hookOf(manifest))));
    if (isHook) expect(hooks.filter((hook) => weightOf(hook) < weightOf(job(manifests))).length).toBe(3);
    else expect(hooks).toEqual([]);
  });

  test('they lean on nothing that is not there yet', () => {
    const { template } = job(manifests).spec;
    expect(template.spec.serviceAccountName).toBeUndefined();
    expect(template.spec.containers[0].envFrom).toBeUndefined();
    expect(template.spec.volumes).toBeUndefined();
  });

  test('they speak as the owner, of whom no pod that serves knows the password', () => {
    const secret =
      manifests === times[0]![1] || manifests === times[2]![1] ? 'homeroom-families-database' : 'families-db';
    const host = secret === 'families-db' ? 'db.example' : 'homeroom-data-postgres-rw';
    const everyone = pods(manifests);
    const migrate = everyone.find(({ owner }) => owner === 'Job/homeroom-families-migrate-1')!;
    expect(environment(manifests, migrate)).toEqual({
      COOP_SLUG: 'homeroom',
      COOP_NAME: 'Homeroom Co-op',
      TIME_ZONE: 'America/Chicago',
      COOP_CURRENCY: 'USD',
      COOP_LOCALE: 'en-US',
      DATABASE_OWNER_PASSWORD: `<${secret}/owner-password>`,
      DATABASE_MIGRATION_URL: `postgres://families_owner:<${secret}/owner-password>@${host}:5432/families`,
    });
    for (const pod of everyone.filter(({ owner }) => owner.startsWith('Deployment/')))
      expect(JSON.stringify(environment(manifests, pod))).not.toContain('owner');
  });
});

test('a policy that is a hook too lets the first migration out, before the release’s own policies are there', () => {
  const manifests = render(external);
  const hooks = manifests.filter((manifest) => hookOf(manifest) !== undefined);
  const migrate = pods(hooks).find(({ owner }) => owner === 'Job/homeroom-families-migrate-1')!;
  expect(openings(hooks, migrate, [])).toEqual(['out to namespaces {} :53/udp :53', 'out to anywhere :5432']);
  const open = render({ ...external, 'global.networkPolicy.enabled': false });
  expect(open.filter(({ kind }) => kind === 'NetworkPolicy')).toEqual([]);
});

test('a database that is slow to come is waited for until the deadline: the tries last longer', () => {
  const lasts = (backoffLimit: number): number => {
    // each try waits 30 s; between them Kubernetes waits 10 s, 20 s, 40 s … 6 min
    const pauses = Array.from({ length: backoffLimit }, (_, n) => Math.min(360, 10 * 2 ** n));
    return 30 * (backoffLimit + 1) + pauses.reduce((sum, pause) => sum + pause, 0);
  };
  for (const deadlineSeconds of [60, 600, 86_400]) {
    const { spec } = job(render({ 'families.migrations.deadlineSeconds': deadlineSeconds }));
    expect(spec.activeDeadlineSeconds).toBe(deadlineSeconds);
    expect(lasts(spec.backoffLimit)).toBeGreaterThanOrEqual(deadlineSeconds);
  }
  expect(lasts(3)).toBeLessThan(600);
});

testWithSwitch(
  'a permanent failure ends the Job at once; an unavailable database and a moved pod do not',
  { name: 'migrations.enabled', on: true, off: false, failure: /^no Job homeroom-families-migrate-1 is rendered$/ },
  (enabled) => {
    const { spec } = job(render({ 'families.migrations.enabled': enabled }));
    expect(spec.podFailurePolicy.rules).toEqual([
      { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
      { action: 'FailJob', onExitCodes: { operator: 'In', values: [1, 78] } },
    ]);
    // Kubernetes knows exit codes only of containers that it does not start again itself
    expect(spec.template.spec.restartPolicy).toBe('Never');
  },
);

test('each revision has a Job of its own, because a Job’s pods cannot be changed', () => {
  expect(job(render()).metadata.name).toMatch(/-1$/);
});

test('who migrates elsewhere switches them off', () => {
  const without = render({ 'families.migrations.enabled': false }, [], { upgrade: true });
  expect(() => job(without)).toThrow('no Job');
  expect(() => find(without, 'NetworkPolicy', 'homeroom-families-migrate')).toThrow('no NetworkPolicy');
});
