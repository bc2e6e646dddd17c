import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

export const charts = join(import.meta.dirname, '../../../charts');

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- manifests have as many shapes as Kubernetes has kinds
export type Manifest = any;

/** Helm's error as one line. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

export interface Rendering {
  readonly chart?: 'homeroom' | 'service' | 'data';
  /** As an upgrade would, instead of an install. */
  readonly upgrade?: boolean;
  /** The release's name. */
  readonly release?: string;
}

type Values = Readonly<Record<string, unknown>>;

/** Renders a chart, with values as for `--set-json`. @throws {Refused} with helm's error. */
export function render(values: Values = {}, files: readonly string[] = [], rendering: Rendering = {}): Manifest[] {
  return parse(renderText(values, files, rendering));
}

export function renderText(
  values: Values = {},
  files: readonly string[] = [],
  { chart = 'homeroom', upgrade = false, release = 'homeroom' }: Rendering = {},
): string {
  const given = files.flatMap((file) => ['--values', join(charts, 'homeroom', file)]);
  const kind = upgrade ? ['--is-upgrade'] : [];
  return cached(['template', release, ...template, join(charts, chart), ...kind, ...given, ...flags(values)]);
}

const outputs = new Map<string, string>();

/** Helm's output, once for the same arguments: tests render some values many times. */
function cached(args: readonly string[]): string {
  const key = args.join('\0');
  const output = outputs.get(key) ?? helm(args);
  outputs.set(key, output);
  return output;
}

// a helm without a release version assumes an old cluster
const template = ['--namespace', 'homeroom', '--kube-version', '1.34.0'];

const flags = (values: Values): string[] =>
  Object.entries(values).flatMap(([path, value]) => ['--set-json', `${path}=${JSON.stringify(value)}`]);

/** The error with which values are refused, or `rendered`. */
export function refusal(values: Values, files: readonly string[] = [], rendering: Rendering = {}): string {
  try {
    renderText(values, files, rendering);
  } catch (error) {
    if (error instanceof Refused) return error.message;
    throw error;
  }
  return 'rendered';
}

/** The value of a template expression in the umbrella chart, which has the definitions of all charts. */
export function evaluate(
  expression: string,
  values: Values = {},
  files: Readonly<Record<string, string>> = {},
): unknown {
  const folder = mkdtempSync(join(tmpdir(), 'homeroom-charts-'));
  try {
    cpSync(charts, folder, { recursive: true, verbatimSymlinks: true });
    const umbrella = join(folder, 'homeroom');
    for (const [name, text] of Object.entries(files)) writeFileSync(join(umbrella, name), text);
    writeFileSync(join(umbrella, 'templates', 'asked.yaml'), `answer: {{ ${expression} | toJson }}\n`);
    const [asked] = parse(
      helm(['template', 'homeroom', ...template, umbrella, '--show-only', 'templates/asked.yaml', ...flags(values)]),
    );
    return asked.answer;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function parse(text: string): Manifest[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS())
    .filter((manifest) => manifest !== null);
}

/** Runs helm from the PATH or HELM. @throws {Refused} when it exits with an error. @throws {Error} when it is missing. */
export function helm(args: readonly string[]): string {
  try {
    return execFileSync(process.env['HELM'] ?? 'helm', args, {
      encoding: 'utf8',
      // short-lived: garbage collection does not pay
      env: { ...process.env, GOGC: 'off' },
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 64 * 1024 * 1024,
    });
  } catch (error) {
    const { code, stderr } = error as { code?: string; stderr?: string };
    if (code === 'ENOENT') throw new Error('helm is missing: install it, or set HELM=/path/to/helm', { cause: error });
    throw new Refused((stderr ?? '').replace(/^(level=|walk\.go:).*$/gm, '').replace(/\s+/g, ' '));
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

/** Every pod of the manifests, tests and hooks included. */
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
