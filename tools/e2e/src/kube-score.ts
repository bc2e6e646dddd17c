import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';
import { parse } from 'yaml';
import { checkout, work, type Parts } from './parts.ts';
import { renderText } from './render.ts';

/** A critical finding in a render. */
export interface Finding {
  readonly render: string;
  readonly rule: string;
  /** `<kind>/<name>`. */
  readonly object: string;
}

/** An accepted finding, with the reason. */
export interface Exception {
  readonly rule: string;
  /** Patterns of `<kind>/<name>`. */
  readonly objects: readonly string[];
  /** Absent: every render. */
  readonly renders?: readonly string[];
  readonly reason: string;
}

const renders: Record<string, () => string> = {
  default: () => renderText(),
  production: () => renderText({}, ['values-production.yaml']),
  development: () => renderText({ 'global.development': true }),
};

/** Runs kube-score over what users install. Without the program on PATH it is reported as left out. */
export async function proveKubeScore(parts: Parts): Promise<void> {
  if (spawnSync('kube-score', ['version']).error !== undefined) {
    parts.leaveOut('kube-score', 'kube-score is not on PATH');
    return;
  }
  await parts.part('kube-score', async () => {
    const findings = Object.entries(renders).flatMap(([name, text]) => criticalOf(name, text()));
    const faults = judge(findings, readExceptions());
    if (faults.length > 0) throw new Error(faults.join('\n'));
    console.log(`  ${findings.length} critical findings, each with a reason in kube-score-exceptions.yaml`);
  });
}

/** The file of exceptions. */
export function readExceptions(): Exception[] {
  return parse(readFileSync(join(checkout, 'tools', 'e2e', 'kube-score-exceptions.yaml'), 'utf8')) as Exception[];
}

/** A sentence for each finding that no exception covers, and for each pattern of an exception that covers none. */
export function judge(findings: readonly Finding[], exceptions: readonly Exception[]): string[] {
  const entries = exceptions.flatMap(({ rule, objects, renders: where = [undefined] }) =>
    objects.flatMap((object) => where.map((render) => ({ rule, object, render }))),
  );
  const covers = (entry: (typeof entries)[number], { rule, object, render }: Finding): boolean =>
    entry.rule === rule && matchesGlob(object, entry.object) && (entry.render ?? render) === render;
  const unlisted = findings.filter((finding) => !entries.some((entry) => covers(entry, finding)));
  const unneeded = entries.filter((entry) => !findings.some((finding) => covers(entry, finding)));
  return [
    ...unlisted.map(
      ({ render, rule, object }) => `${object} fails ${rule} (${render}): fix it, or list it with a reason`,
    ),
    ...unneeded.map(
      ({ render, rule, object }) =>
        `${object} no longer fails ${rule} (${render ?? 'any render'}): remove it from the list`,
    ),
  ];
}

const critical = 1;

function criticalOf(render: string, text: string): Finding[] {
  mkdirSync(work, { recursive: true });
  const file = join(work, `kube-score-${render}.yaml`);
  writeFileSync(file, text);
  const flags = ['score', '--output-format', 'json', '--kubernetes-version', 'v1.34', file];
  // the exit status reports only that there are findings
  const { stdout, stderr } = spawnSync('kube-score', flags, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (!stdout.startsWith('[')) throw new Error(`kube-score could not read ${file}:\n${stderr}`);
  const scored = JSON.parse(stdout) as Scored[];
  return scored.flatMap(({ type_meta, object_meta, checks }) =>
    checks
      .filter(({ grade, skipped }) => grade === critical && !skipped)
      .map(({ check }) => ({ render, rule: check.id, object: `${type_meta.kind}/${object_meta.name}` })),
  );
}

interface Scored {
  type_meta: { kind: string };
  object_meta: { name: string };
  checks: { check: { id: string }; grade: number; skipped: boolean }[];
}
