// Who may speak to whom, worked out from the policies as a cluster would: https://kubernetes.io/docs/concepts/services-networking/network-policies/
import { testWithSwitch } from '@homeroom/testing/switch';
import { describe, expect, test } from '@jest/globals';
import { selects } from '../src/openings.ts';
import { pods, render, type Manifest } from '../src/render.ts';

const plain = render();
const policiesOf = (manifests: Manifest[]): Manifest[] => manifests.filter(({ kind }) => kind === 'NetworkPolicy');
const policies = policiesOf(plain);

interface Peer {
  labels: Record<string, string>;
  /** In the release's own namespace. */
  here: boolean;
}
const stranger: Peer = { labels: { app: 'stranger' }, here: true };
const prometheus: Peer = { labels: { app: 'prometheus' }, here: false };
const pod = (owner: string): Peer => {
  const found = pods(plain).find((candidate) => candidate.owner === owner);
  if (found === undefined) throw new Error(`no ${owner} is rendered`);
  return { labels: found.labels, here: true };
};
const api = (service: string): Peer => pod(`Deployment/homeroom-${service}-api`);
const worker = (service: string): Peer => pod(`Deployment/homeroom-${service}-worker`);
const data = (name: string): Peer => pod(`StatefulSet/homeroom-data-${name}`);
const gateway = pod('Deployment/homeroom-gateway');

function admits(peers: Manifest[] | undefined, other: Peer): boolean {
  if (peers === undefined || peers.length === 0) return true;
  return peers.some(({ podSelector, namespaceSelector }) => {
    if (namespaceSelector === undefined && !other.here) return false;
    return podSelector === undefined || selects(podSelector, other.labels);
  });
}

function passes(direction: 'ingress' | 'egress', given: Manifest[], one: Peer, other: Peer, port: number) {
  const chosen = one.here ? given.filter(({ spec }) => selects(spec.podSelector, one.labels)) : [];
  if (chosen.length === 0) return true;
  const rules = chosen.flatMap(({ spec }) => (spec[direction] ?? []) as Manifest[]);
  return rules.some(
    (rule) =>
      admits(direction === 'ingress' ? rule.from : rule.to, other) &&
      (rule.ports === undefined || rule.ports.some((open: Manifest) => open.port === port)),
  );
}

const mayCall = (from: Peer, to: Peer, port: number, given = policies): boolean =>
  passes('egress', given, from, to, port) && passes('ingress', given, to, from, port);

const services = ['families', 'enrollment', 'notifications'];

describe('what is needed is open', () => {
  test.each(services)('%s is reached by the gateway and reaches its engines', (service) => {
    expect(mayCall(gateway, api(service), 3000)).toBe(true);
    for (const process of [api(service), worker(service)])
      for (const [engine, port] of [
        ['postgres', 5432],
        ['postgres-replica', 5432],
        ['redis-sessions', 6379],
        ['redis-cache', 6379],
        ['kafka', 9092],
      ] as const)
        expect([engine, mayCall(process, data(engine), port)]).toEqual([engine, true]);
  });

  test('mails leave, charges are asked for, webhooks come back', () => {
    expect(mayCall(worker('notifications'), data('mail'), 1025)).toBe(true);
    expect(mayCall(worker('enrollment'), data('payments'), 8090)).toBe(true);
    expect(mayCall(data('payments'), api('enrollment'), 3000)).toBe(true);
  });

  test('replicas follow the primary, brokers speak to one another, migrations and the coordinator reach Postgres', () => {
    expect(mayCall(data('postgres-replica'), data('postgres'), 5432)).toBe(true);
    expect(mayCall(data('kafka'), data('kafka'), 9093)).toBe(true);
    for (const job of ['families-migrate-1', 'enrollment-migrate-1', 'notifications-migrate-1', 'coordinator'])
      expect([job, mayCall(pod(`Job/homeroom-${job}`), data('postgres'), 5432)]).toEqual([job, true]);
  });

  test('anybody may come in by the gateway, and Prometheus may read metrics', () => {
    expect(mayCall(stranger, gateway, 8080)).toBe(true);
    for (const process of [...services.map(api), ...services.map(worker)])
      expect(mayCall(prometheus, process, 9100)).toBe(true);
    expect(mayCall(prometheus, gateway, 8404)).toBe(true);
  });

  test('helm’s tests reach what they try', () => {
    expect(mayCall(pod('Pod/homeroom-sign-in'), gateway, 8080)).toBe(true);
    for (const service of services)
      expect(mayCall(pod(`Pod/homeroom-${service}-answers`), api(service), 3000)).toBe(true);
  });
});

describe('what is not needed is closed', () => {
  test('no service calls another', () => {
    for (const from of services)
      for (const to of services.filter((other) => other !== from))
        expect([from, to, mayCall(api(from), api(to), 3000), mayCall(worker(from), api(to), 3000)]).toEqual([
          from,
          to,
          false,
          false,
        ]);
  });

  testWithSwitch(
    'strangers reach neither APIs nor engines, and the gateway reaches no engine',
    { name: 'global.networkPolicy.enabled', on: true, off: false, failure: /"families",\s+-\s+false,\s+\+\s+true,/ },
    (enabled) => {
      const given = policiesOf(render({ 'global.networkPolicy.enabled': enabled }));
      for (const service of services)
        expect([service, mayCall(stranger, api(service), 3000, given)]).toEqual([service, false]);
      for (const [engine, port] of [
        ['postgres', 5432],
        ['redis-sessions', 6379],
        ['kafka', 9092],
        ['payments', 8090],
      ] as const) {
        expect([engine, mayCall(stranger, data(engine), port, given)]).toEqual([engine, false]);
        expect([engine, mayCall(gateway, data(engine), port, given)]).toEqual([engine, false]);
      }
    },
  );

  test('families sends no mail and asks for no money', () => {
    expect(mayCall(worker('families'), data('mail'), 1025)).toBe(false);
    expect(mayCall(worker('families'), data('payments'), 8090)).toBe(false);
  });
});

describe('the policies are what does it', () => {
  test('without any, everybody reaches everything', () => {
    const open = policiesOf(render({ 'global.networkPolicy.enabled': false }));
    expect(open).toEqual([]);
    expect(mayCall(stranger, data('postgres'), 5432, open)).toBe(true);
  });

  test.each(['families', 'data-postgres', 'gateway'])(
    'without that of %s nothing reaches it: the rest denies',
    (name) => {
      const rest = policies.filter(({ metadata }) => metadata.name !== `homeroom-${name}`);
      expect(rest.length).toBe(policies.length - 1);
      expect(mayCall(gateway, api('families'), 3000, rest)).toBe(name === 'data-postgres');
      expect(mayCall(api('families'), data('postgres'), 5432, rest)).toBe(name === 'gateway');
    },
  );

  test('without the one that denies, a pod that no other speaks of is open', () => {
    const labels = { 'app.kubernetes.io/instance': 'homeroom', 'app.kubernetes.io/part-of': 'homeroom' };
    const newcomer = { labels, here: true };
    expect(mayCall(newcomer, stranger, 80)).toBe(false);
    expect(
      mayCall(
        newcomer,
        stranger,
        80,
        policies.filter(({ metadata }) => metadata.name !== 'homeroom-default-deny'),
      ),
    ).toBe(true);
  });
});
