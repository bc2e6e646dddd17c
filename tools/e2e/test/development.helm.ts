import { testWithSwitch } from '@homeroom/testing/switch';
import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { environment } from '../src/environment.ts';
import { charts, find, pods, render, type Manifest, type Pod } from '../src/render.ts';

const development = render({ 'global.development': true });
const production = render();
const api = (manifests: Manifest[]): Pod =>
  pods(manifests).find(({ owner }) => owner === 'Deployment/homeroom-families-api')!;
const container = (manifests: Manifest[]): Manifest => api(manifests).spec.containers[0];
/** Images that are built from the Dockerfile's `dev` target. */
const fromSources = (manifests: Manifest[]): Pod[] =>
  pods(manifests).filter(({ spec }) =>
    /^homeroom\/(families|enrollment|notifications):/.test(spec.containers[0].image),
  );

describe('in development', () => {
  test('pods run as the user that owns the sources, and may write to their root', () => {
    for (const { spec } of fromSources(development)) expect(spec.securityContext.runAsUser).toBe(1000);
    for (const { spec } of fromSources(production)) expect(spec.securityContext.runAsUser).toBe(65532);
    const writable = (manifests: Manifest[]): boolean => !container(manifests).securityContext.readOnlyRootFilesystem;
    expect([writable(development), writable(production)]).toEqual([true, false]);
  });

  test('all that is not built from sources stays as it is', () => {
    const others = (manifests: Manifest[]): unknown[] => {
      const built = fromSources(manifests).map(({ owner }) => owner);
      return pods(manifests).filter(({ owner }) => !built.includes(owner));
    };
    expect(others(development).length).toBe(8);
    expect(others(development)).toEqual(others(production));
  });

  test('a save that does not start may be fixed by the next one: nothing gives up or is killed for a day', () => {
    const patience = (manifests: Manifest[], probe: string): number =>
      container(manifests)[probe].periodSeconds * container(manifests)[probe].failureThreshold;
    const day = 24 * 60 * 60;
    expect(patience(development, 'startupProbe')).toBeGreaterThan(day);
    expect(patience(development, 'livenessProbe')).toBeGreaterThanOrEqual(day);
    // what has given up is not started again before the next save
    expect(environment(development, api(development))['SCHEMA_WAIT_MS']).toBe(String(day * 1000));
    expect(patience(production, 'startupProbe')).toBe(120);
    expect(patience(production, 'livenessProbe')).toBe(30);
  });

  test('a pod that is broken gets no requests all the same', () => {
    expect(container(development).readinessProbe).toEqual(container(production).readinessProbe);
  });

  testWithSwitch(
    'no balancer delays the new code after a save',
    { name: 'global.development', on: true, off: false, failure: /\+\s+"minReady": 3,\s+\+\s+"preStop": 5,/ },
    (enabled) => {
      const waits = (manifests: Manifest[]): unknown => ({
        minReady: find(manifests, 'Deployment', 'homeroom-families-api').spec.minReadySeconds,
        preStop: container(manifests).lifecycle.preStop.sleep.seconds,
        drain: environment(manifests, api(manifests))['PRESTOP_DELAY_MS'],
        grace: api(manifests).spec.terminationGracePeriodSeconds,
      });
      const saved = render({ 'global.development': enabled });
      expect(waits(saved)).toEqual({ minReady: 0, preStop: 1, drain: '0', grace: 26 });
      expect(waits(production)).toEqual({ minReady: 3, preStop: 5, drain: '2000', grace: 30 });
    },
  );

  test('there is room for two processes, their sources and a compiler, and as many pods as asked for', () => {
    const limits = (manifests: Manifest[]): unknown => container(manifests).resources.limits;
    expect(limits(development)).toEqual({ cpu: '1', memory: '512Mi', 'ephemeral-storage': '1Gi' });
    expect(limits(production)).toEqual({ cpu: '1', memory: '384Mi', 'ephemeral-storage': '512Mi' });
    const more = render({ 'global.development': true, 'families.development.memoryLimit': '1Gi' });
    expect(container(more).resources.limits.memory).toBe('1Gi');
    const replicas = (manifests: Manifest[]): unknown =>
      find(manifests, 'Deployment', 'homeroom-families-api').spec.replicas;
    expect(replicas(development)).toBe(replicas(production));
  });

  test('the environment says so', () => {
    expect(environment(development, api(development))['NODE_ENV']).toBe('development');
    expect(environment(production, api(production))['NODE_ENV']).toBe('production');
  });

  test('every program is one that the image’s entry point takes, or node itself', () => {
    const entryPoint = readFileSync(join(charts, '../tools/images/dev-entrypoint.sh'), 'utf8');
    expect(entryPoint).toContain('/dist/(.*)');
    const programs = (manifests: Manifest[]): string[] =>
      fromSources(manifests).map(({ spec }) => {
        const [{ command, args }] = spec.containers;
        return [...(command ?? []), args[0]].join(' ');
      });
    const taken = /^services\/\w+\/dist\/[\w/-]+\.js$|^node --input-type=module$/;
    expect(programs(development).filter((program) => !taken.test(program))).toEqual([]);
    // the image of production has node as its entry point, and a program is its argument
    expect(programs(production).filter((program) => !taken.test(program))).toEqual(
      Array.from({ length: 4 }, () => '--input-type=module'),
    );
  });
});
