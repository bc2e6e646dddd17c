// skaffold.yaml as skaffold reads it: profiles, the files that an artifact is built from, and what is synced into its containers.
import { expect } from '@jest/globals';
import { globSync, readFileSync, statSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';
import { parse } from 'yaml';
import { checkout } from '../src/parts.ts';

/* eslint-disable @typescript-eslint/no-explicit-any -- a configuration with as many shapes as there are profiles */
export const read = (path: string): string => readFileSync(join(checkout, path), 'utf8');
const config: any = parse(read('skaffold.yaml'));

export const profiles = [[], ['dev'], ['existing-data'], ['dev', 'existing-data']];
export const titles = profiles.map((names) => [names.join(' and ') || 'no profile', names] as const);

/** The configuration with the patches of profiles, which are JSON Patch as skaffold takes it. */
export function withProfile(...names: string[]): any {
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

/** The service's name of an artifact. */
export const nameOf = ({ image }: any): string => (image as string).replace('homeroom/', '');

/**
 * The files whose change concerns an artifact, as skaffold finds them: for its custom builder those of `dependencies.paths`, for
 * its Docker builder those that any COPY of the Dockerfile names, whichever stage it is in, without those of .dockerignore.
 */
export function dependencies({ custom, docker }: any): string[] {
  if (custom !== undefined) return filesBelow(custom.dependencies.paths as string[]);
  const ignored = dockerIgnored(read('.dockerignore'));
  return filesBelow(copied(read(docker.dockerfile as string), docker.buildArgs ?? {})).filter((file) => !ignored(file));
}

const unread = ['**/node_modules', '.git', '.homeroom', '.nx'];
const list = (pattern: string): string[] => globSync(pattern, { cwd: checkout, exclude: unread });
const isFile = (path: string): boolean => statSync(join(checkout, path)).isFile();

/** Every file that the patterns name, or that is below a folder that they name. @throws when one names nothing, as skaffold does. */
function filesBelow(patterns: readonly string[]): string[] {
  const files = patterns.flatMap((pattern) => {
    const found = pattern === '.' ? ['.'] : list(pattern);
    if (found.length === 0) throw new Error(`pattern "${pattern}" did not match any file`);
    return found.flatMap((path) => (isFile(path) ? [path] : list(join(path, '**'))));
  });
  return [...new Set(files)].filter(isFile).sort();
}

/** The sources of every COPY from the context, with build arguments in place. */
function copied(dockerfile: string, buildArgs: Readonly<Record<string, string>>): string[] {
  const lines = dockerfile.split('\n').filter((line) => /^(COPY|ADD) /.test(line) && !line.includes('--from='));
  const sources = lines.flatMap((line) => line.trim().split(/\s+/).slice(1, -1));
  return sources
    .filter((source) => !source.startsWith('--'))
    .map((source) =>
      Object.entries(buildArgs).reduce((text, [key, value]) => text.replaceAll(`\${${key}}`, value), source),
    );
}

/** The last rule that matches a file or a folder above it decides. */
function dockerIgnored(text: string): (file: string) => boolean {
  const rules = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return (file) => {
    const parts = file.split('/');
    const paths = parts.map((_, n) => parts.slice(0, n + 1).join('/'));
    const last = rules.findLast((rule) => paths.some((path) => matchesGlob(path, rule.replace('!', ''))));
    return last !== undefined && !last.startsWith('!');
  };
}

/** Whether a change of a file is copied into the containers of an artifact instead of building its image again. */
export const isSynced = ({ sync }: any, file: string): boolean =>
  (sync?.manual ?? []).some(({ src }: any) => matchesGlob(file, src as string));
