import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

export const charts = join(import.meta.dirname, '../../../charts');

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- manifests have as many shapes as Kubernetes has kinds
export type Manifest = any;

/** What helm says when it refuses, as one line. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** Renders the umbrella with values as `--set-json` takes them. @throws {Refused} with helm's sentence. */
export function render(values: Readonly<Record<string, unknown>> = {}, files: readonly string[] = []): Manifest[] {
  return parse(renderText(values, files));
}

export function renderText(values: Readonly<Record<string, unknown>> = {}, files: readonly string[] = []): string {
  const flags = Object.entries(values).flatMap(([path, value]) => ['--set-json', `${path}=${JSON.stringify(value)}`]);
  const given = files.flatMap((file) => ['--values', join(charts, 'homeroom', file)]);
  return helm(['template', 'homeroom', join(charts, 'homeroom'), '--namespace', 'homeroom', ...given, ...flags]);
}

function parse(text: string): Manifest[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS())
    .filter((manifest) => manifest !== null);
}

/** Runs helm, found on PATH or named by HELM. @throws {Refused} when it exits with an error, Error when it is not there. */
export function helm(args: readonly string[]): string {
  try {
    return execFileSync(process.env['HELM'] ?? 'helm', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 64 * 1024 * 1024,
    });
  } catch (error) {
    const { code, stderr } = error as { code?: string; stderr?: string };
    if (code === 'ENOENT')
      throw new Error('helm is not there: install it, or name it with HELM=/path/to/helm', { cause: error });
    throw new Refused((stderr ?? '').replace(/^level=.*$/gm, '').replace(/\s+/g, ' '));
  }
}

export function find(manifests: readonly Manifest[], kind: string, name: string): Manifest {
  const found = manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name} is rendered`);
  return found;
}

export interface Pod {
  owner: string;
  labels: Record<string, string>;
  spec: Manifest;
}

/** Every pod that the manifests lead to, tests and hooks included. */
export function pods(manifests: readonly Manifest[]): Pod[] {
  return manifests.flatMap((manifest) => {
    const owner = `${manifest.kind}/${manifest.metadata.name}`;
    if (manifest.kind === 'Pod') return [{ owner, labels: manifest.metadata.labels, spec: manifest.spec }];
    const template = manifest.spec?.template;
    return template?.spec?.containers === undefined
      ? []
      : [{ owner, labels: template.metadata.labels, spec: template.spec }];
  });
}
