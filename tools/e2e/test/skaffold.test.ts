// What `skaffold dev` decides at a save follows from lists: whose files they are, what is synced, what is built and deployed again.
import { describe, expect, test } from '@jest/globals';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import type { ImageName } from '../../images/src/assemble/images.ts';
import { imageInputs } from '../../images/src/content-hash.ts';
import { checkout } from '../src/parts.ts';
import { dependencies, isSynced, nameOf, read, titles, withProfile } from './skaffold-config.ts';

/* eslint-disable @typescript-eslint/no-explicit-any -- a configuration with as many shapes as there are profiles */
const targets = [...read('Dockerfile').matchAll(/^FROM .* AS (\w[\w-]*)$/gm)].map(([, name]) => name);
const artifacts: any[] = withProfile('dev').build.artifacts;
const sets = new Map(artifacts.map((artifact) => [nameOf(artifact), new Set(dependencies(artifact))]));
const services = ['families', 'enrollment', 'notifications'];

/** The artifacts that a change of a file concerns. */
const concerned = (file: string): string[] => [...sets].filter(([, files]) => files.has(file)).map(([name]) => name);
/** The files that Git could have below a folder. */
const below = (folder: string): string[] => globSync(join(folder, '**/*.ts'), { cwd: checkout });

/** The libs that a package needs in production, and those that they need. */
function libsOf(folder: string): string[] {
  const names = Object.keys(JSON.parse(read(join(folder, 'package.json'))).dependencies ?? {});
  const libs = names.filter((name) => name.startsWith('@homeroom/')).map((name) => name.replace('@homeroom/', ''));
  return [...new Set(libs.flatMap((lib) => [lib, ...libsOf(join('libs', lib))]))];
}

describe.each(titles)('with %s', (_, names) => {
  const { build } = withProfile(...names);

  test('every image is built from a target that the Dockerfile has, by the command that knows how', () => {
    for (const artifact of build.artifacts) {
      const [command, name, target] = artifact.custom.buildCommand.split(' ');
      expect([command, name]).toEqual(['tools/images/for-skaffold', nameOf(artifact)]);
      expect(targets).toContain(target);
      expect(target).toBe(artifact.sync === undefined ? 'service' : 'dev');
    }
  });
});

test.each(artifacts.map((artifact) => [nameOf(artifact), artifact]))(
  'a change concerns the image of %s exactly if the image is made from the file',
  (name, artifact) => {
    expect(dependencies(artifact)).toEqual(imageInputs(checkout, name as ImageName));
  },
);

describe('an edit in a service', () => {
  test.each(services)('of %s concerns its own image alone', (service) => {
    const files = below(`services/${service}/src`);
    expect(files.length).toBeGreaterThan(10);
    for (const file of files) expect([file, concerned(file)]).toEqual([file, [service]]);
  });

  test('would concern every image if skaffold read the Dockerfile, whose COPY instructions all count', () => {
    const byDocker = artifacts.map((artifact) =>
      dependencies({ docker: { dockerfile: 'Dockerfile', buildArgs: { SERVICE: nameOf(artifact) } } }),
    );
    const without = byDocker.filter((files) => !files.includes('services/enrollment/src/api.ts'));
    expect([byDocker.length, without.length]).toEqual([4, 0]);
  });
});

describe('an edit in a lib', () => {
  const libs = globSync('libs/*/src', { cwd: checkout }).map((path) => path.split('/')[1]!);

  test.each(libs)('of %s concerns the services that need it, and no other', (lib) => {
    const users = services.filter((service) => libsOf(`services/${service}`).includes(lib));
    for (const file of below(`libs/${lib}/src`))
      expect([file, concerned(file).filter((name) => name !== 'sandbox')]).toEqual([file, users]);
  });

  test('of the sandbox is one that it depends on', () => {
    const inSandbox = libs.filter((lib) => concerned(`libs/${lib}/src/index.ts`).includes('sandbox'));
    expect(inSandbox).toEqual(['resilience']);
  });
});

describe('what is synced', () => {
  const synced = artifacts.filter(({ sync }) => sync !== undefined);

  test.each(synced.map((artifact) => [nameOf(artifact), artifact]))('into %s', (name, artifact) => {
    // a rule for a file that the image is not made from is never asked
    for (const { src, dest } of artifact.sync.manual) {
      const matched = globSync(src as string, { cwd: checkout });
      expect(matched.length).toBeGreaterThan(0);
      for (const file of matched) expect([file, sets.get(name)!.has(file)]).toEqual([file, true]);
      // the path from the checkout is the path from the image's working directory
      expect(dest).toBe('.');
    }
    // everything else builds the image again: what npm, the compiler, Docker and the migration read
    const rebuilds = dependencies(artifact).filter((file) => !isSynced(artifact, file));
    const intended =
      /^(Dockerfile|\.dockerignore|\.npmrc|package(-lock)?\.json|tsconfig\.base\.json|tools\/images\/.*|(services|libs)\/\w+\/(package|tsconfig[.\w]*)\.json|services\/\w+\/migrations\/.*)$/;
    expect(rebuilds.filter((file) => !intended.test(file))).toEqual([]);
  });

  test('is nothing that skaffold deploys again for', () => {
    const [{ chartPath, valuesFiles = [] }] = withProfile('dev', 'existing-data').deploy.helm.releases;
    for (const artifact of synced)
      for (const file of dependencies(artifact).filter((each) => isSynced(artifact, each)))
        expect([chartPath, 'charts', ...valuesFiles].filter((path) => file.startsWith(path as string))).toEqual([]);
  });
});

test('the demo edits a text that the API serves, in a file that is synced', async () => {
  const demo = read('k8s/demos/edit');
  const [, source = ''] = /^source=(\S+)$/m.exec(demo) ?? [];
  const [, code = ''] = /^code=(\S+)$/m.exec(demo) ?? [];
  const [, line = ''] = /; echo "(.+)"; }$/m.exec(demo) ?? [];
  const { errors } = await import(join(checkout, source));
  runInNewContext(line.replace('$code', code).replace('$1', '7'), { errors });
  expect(errors.entries[code]).toEqual({ status: 404, title: 'Edit 7.' });
  const enrollment = artifacts.find((artifact) => nameOf(artifact) === 'enrollment');
  expect(isSynced(enrollment, source)).toBe(true);
});
