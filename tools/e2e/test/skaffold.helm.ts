// skaffold.yaml names things of the Dockerfile, of the charts and of the sources: a name that moved would be found by whoever types it.
import { describe, expect, test } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { charts, find, render } from '../src/render.ts';

const checkout = join(charts, '..');
const read = (path: string): string => readFileSync(join(checkout, path), 'utf8');

/* eslint-disable @typescript-eslint/no-explicit-any -- a configuration with as many shapes as there are profiles */
const config: any = parse(read('skaffold.yaml'));
const targets = [...read('Dockerfile').matchAll(/^FROM .* AS (\w[\w-]*)$/gm)].map(([, name]) => name);

/** The configuration with a profile's patches, which are JSON Patch as skaffold takes it. */
function withProfile(...names: string[]): any {
  const patched = structuredClone(config);
  for (const { op, path, value } of names.flatMap(
    (name) => config.profiles.find((p: any) => p.name === name).patches,
  )) {
    const keys = (path as string).slice(1).split('/');
    const last = keys.pop()!;
    const parent = keys.reduce((at, key) => at[key], patched);
    expect([path, parent === undefined]).toEqual([path, false]);
    if (op !== 'add') expect([path, last in parent]).toEqual([path, true]);
    if (op === 'remove' && Array.isArray(parent)) parent.splice(Number(last), 1);
    else if (op === 'remove') Reflect.deleteProperty(parent, last);
    else parent[last] = value;
  }
  return patched;
}

/** What helm is told, without what only a build knows. */
function valuesOf(configuration: any): Record<string, unknown> {
  const [release] = configuration.deploy.helm.releases;
  const built = Object.keys(release.setValueTemplates).map((key) => [key, key.endsWith('.tag') ? 'built' : `r/${key}`]);
  return { ...Object.fromEntries(built), ...release.setValues };
}

const profiles = [[], ['dev'], ['existing-data'], ['dev', 'existing-data']];

describe.each(profiles.map((names) => [names.join(' and ') || 'no profile', names] as const))('with %s', (_, names) => {
  const configuration = withProfile(...names);
  const [{ valuesFiles = [] }] = configuration.deploy.helm.releases;
  const manifests = render(
    valuesOf(configuration),
    (valuesFiles as string[]).map((file) => file.replace('charts/homeroom/', '')),
  );

  test('every image is built from a target that the Dockerfile has', () => {
    for (const { docker } of configuration.build.artifacts) expect(targets).toContain(docker.target);
  });

  test('every image that is built is the one that runs', () => {
    const text = JSON.stringify(manifests);
    for (const service of ['families', 'enrollment', 'notifications'])
      expect(text).toContain(`r/${service}.image.repository:built`);
  });

  test('every port leads to a Service that is there', () => {
    for (const { resourceName } of configuration.portForward)
      expect(find(manifests, 'Service', resourceName)).toBeDefined();
  });

  test('what is synced is there, and lands where the image has it', () => {
    for (const { sync } of configuration.build.artifacts)
      for (const { src, dest } of sync?.manual ?? []) {
        expect(globSync(src, { cwd: checkout }).length).toBeGreaterThan(0);
        expect(dest).toBe('.');
      }
  });
});

test('a service’s image is given its own sources, and those of no other', () => {
  const { artifacts } = withProfile('dev').build;
  for (const { image, sync } of artifacts.filter((artifact: any) => artifact.sync !== undefined)) {
    const services = sync.manual.map(({ src }: any) => /^services\/(\w+)\//.exec(src)?.[1]).filter(Boolean);
    expect(services).toEqual([image.replace('homeroom/', '')]);
  }
});
