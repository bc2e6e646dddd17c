// What skaffold deploys: the chart with the references of the images that it has built, as its templates hand them over.
import { describe, expect, test } from '@jest/globals';
import { find, pods, refusal, render, type Manifest } from '../src/render.ts';
import { nameOf, titles, withProfile } from './skaffold-config.ts';

/* eslint-disable @typescript-eslint/no-explicit-any -- a configuration with as many shapes as there are profiles */
const digits = (name: string): string => Buffer.from(name.padEnd(32, '.')).toString('hex');

/** How skaffold calls what it has built: with the digest that a registry gave, or with the image's id as its tag. */
const builds: Record<string, (name: string) => string> = {
  'pushed to a registry': (name) => `localhost:5000/homeroom/${name}:8b1a9953-dirty@sha256:${digits(name)}`,
  'pushed to a default repository': (name) =>
    `europe-docker.pkg.dev/p/r/homeroom/${name}:v0.1.0-12-g8b1a995@sha256:${digits(name)}`,
  'not pushed': (name) => `homeroom/${name}:${digits(name)}`,
};

/** What helm is given: skaffold puts a build's reference in the place of IMAGE_FULLY_QUALIFIED_<name>. */
function valuesOf(configuration: any, reference: (name: string) => string): Record<string, unknown> {
  const [release] = configuration.deploy.helm.releases;
  const built = Object.entries<string>(release.setValueTemplates).map(([key, template]) => [
    key,
    template.replace(/^\{\{\.IMAGE_FULLY_QUALIFIED_homeroom_(\w+)\}\}$/, (_, name: string) => reference(name)),
  ]);
  return { ...Object.fromEntries(built), ...release.setValues };
}

function deployed(configuration: any, reference: (name: string) => string): Manifest[] {
  const [{ valuesFiles = [] }] = configuration.deploy.helm.releases;
  return render(
    valuesOf(configuration, reference),
    (valuesFiles as string[]).map((file) => file.replace('charts/homeroom/', '')),
  );
}

/** The images of the pods that run the code of this repository, by the owner of the pod. */
const images = (manifests: readonly Manifest[]): [owner: string, image: string][] =>
  pods(manifests)
    .flatMap(({ owner, spec }) => spec.containers.map(({ image }: Manifest) => [owner, image as string]))
    .filter(([, image]) => (image as string).includes('homeroom/')) as [string, string][];

describe.each(titles)('with %s', (_, names) => {
  const configuration = withProfile(...names);

  test.each(Object.entries(builds))('the image of every container is a reference of what was %s', (_, reference) => {
    const artifacts: string[] = configuration.build.artifacts.map(nameOf);
    const manifests = deployed(configuration, reference);
    const running = images(manifests);
    for (const [owner, image] of running)
      expect([owner, artifacts.map(reference)]).toEqual([owner, expect.arrayContaining([image])]);
    const used = new Set(running.map(([, image]) => image));
    // without data there is no sandbox
    const expected = artifacts.filter((name) => name !== 'sandbox' || !names.includes('existing-data'));
    expect([...used].sort()).toEqual(expected.map(reference).sort());
    for (const service of ['families', 'enrollment', 'notifications'])
      for (const role of ['api', 'worker']) {
        const { spec } = find(manifests, 'Deployment', `homeroom-${service}-${role}`).spec.template;
        expect(spec.containers[0].image).toBe(reference(service));
      }
  });

  test('every port leads to a Service that is there', () => {
    const manifests = deployed(configuration, builds['not pushed']!);
    for (const { resourceName } of configuration.portForward)
      expect(find(manifests, 'Service', resourceName)).toBeDefined();
  });
});

test('a repository and a tag lose the digest, and skaffold would find no container to sync into', () => {
  const reference = builds['pushed to a registry']!('families');
  const [name, digest] = reference.split('@');
  const split = render({
    'families.image': { reference: '', repository: 'localhost:5000/homeroom/families', tag: name!.split(':').at(-1) },
  });
  const { spec } = find(split, 'Deployment', 'homeroom-families-api').spec.template;
  expect([spec.containers[0].image, digest]).toEqual([name, `sha256:${digits('families')}`]);
});

test('a deployment after another image was built replaces no pod of the rest, so what was synced into them stays', () => {
  const dev = withProfile('dev');
  const before = deployed(dev, builds['pushed to a registry']!);
  const after = deployed(dev, (name) =>
    builds['pushed to a registry']!(name).replace(/dirty/, name === 'families' ? 'next' : 'dirty'),
  );
  const changed = before
    .filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet')
    .filter(({ kind, metadata, spec }) => {
      const { template } = find(after, kind as string, metadata.name as string).spec;
      return JSON.stringify(template) !== JSON.stringify(spec.template);
    });
  expect(changed.map(({ metadata }) => metadata.name as string)).toEqual([
    'homeroom-families-api',
    'homeroom-families-worker',
  ]);
});

describe('the version label', () => {
  const version = (reference: string): string =>
    find(render({ 'families.image.reference': reference }), 'Deployment', 'homeroom-families-api').metadata.labels[
      'app.kubernetes.io/version'
    ];

  test.each<[string, string, string]>([
    ['is the tag', 'r.example:5000/homeroom/families:1.0', '1.0'],
    ['has no digest', `r/families:1.0@sha256:${digits('x')}`, '1.0'],
    [
      'is the beginning of the digest without a tag',
      `r.example:5000/families@sha256:${digits('x')}`,
      digits('x').slice(0, 12),
    ],
    ['has the 63 characters that a label takes', `r/families:${'a'.repeat(128)}`, 'a'.repeat(63)],
    ['ends with a letter or a digit', `r/families:_${'a'.repeat(61)}-b`, 'a'.repeat(61)],
  ])('%s', (_, reference, label) => {
    expect(version(reference)).toBe(label);
    expect(label).toMatch(/^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/);
  });
});

test.each<[string, Record<string, unknown>, RegExp | string]>([
  [
    'no tag and no digest',
    { 'families.image.reference': 'r.example:5000/families' },
    /families.image.reference is r.example:5000\/families, which has neither a tag nor a digest: add one/,
  ],
  [
    'a tag besides',
    { 'families.image': { reference: 'r/f:1', repository: '', tag: '2' } },
    /reference is r\/f:1, and families.image.tag is 2: .*set only one of the two/,
  ],
  [
    'a repository besides',
    { 'enrollment.image': { reference: 'r/f:1', repository: 'q', tag: '' } },
    /enrollment.image.repository is q/,
  ],
  [
    'of the sandbox, no tag and no digest',
    { 'data.sandbox.image.reference': 'r/s' },
    /data.sandbox.image.reference is r\/s, which has neither/,
  ],
  [
    'of the sandbox, a tag besides',
    { 'data.sandbox.image': { reference: 'r/s:1', repository: '', tag: '2' } },
    /data.sandbox.image.tag is 2: .*set only one of the two/,
  ],
  ['half a digest', { 'families.image.reference': 'r/f@sha256:ab' }, /reference.*does not match pattern/],
  ['what all share besides', { 'families.image.reference': 'r/f:1', 'global.image.tag': '2' }, 'rendered'],
  ['a tag with a digest', { 'global.image.tag': `1.0@sha256:${digits('x')}` }, 'rendered'],
])('a reference with %s', (_, values, sentence) => {
  expect(refusal(values)).toEqual(typeof sentence === 'string' ? sentence : expect.stringMatching(sentence));
});
