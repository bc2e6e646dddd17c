import { parse } from 'yaml';
import { exportsMetric } from './alerts.ts';
import type { Repository } from './documents.ts';
import { read } from './repository.ts';

const fields = ['Where', 'Switch', 'Metric', 'See it', 'Test', 'Control'] as const;
type Field = (typeof fields)[number];
export type Pattern = Record<Field, string> & { name: string };

/** What a pattern may name besides files. */
export interface Named extends Pick<Repository, 'files' | 'read' | 'sources'> {
  /** The values of the charts that a name may be a path into. */
  values: readonly unknown[];
  exportsMetric: (name: string) => boolean;
}

export const openNamed = (repository: Repository): Named => ({
  ...repository,
  values: ['charts/homeroom/values.yaml', 'charts/service/values.yaml'].map((file) => parse(read(file)) as unknown),
  exportsMetric: (name) => exportsMetric(name) || /^(haproxy|kube|nodejs|process)_/.test(name),
});

/** The sections of docs/patterns.md that have fields; a field that is missing is empty. */
export function readPatterns(markdown: string): Pattern[] {
  const sections = markdown.split(/^### /m).slice(1);
  return sections.map((section) => {
    const [body = ''] = section.split(/^## /m);
    const [name = '', ...items] = body.split(/^- |\n(?=\n)/m).map((item) => item.trim().replaceAll(/\s+/g, ' '));
    const given = new Map(items.map((item) => [item.split(': ', 1)[0], item.slice(item.indexOf(': ') + 2)]));
    return { name, ...Object.fromEntries(fields.map((field) => [field, given.get(field) ?? ''])) } as Pattern;
  });
}

/** Empty fields, and names in the others that do not exist, of one pattern. */
export function patternFaults(pattern: Pattern, named: Named): string[] {
  const empty = fields.filter((field) => !/`[^`]+`|^none: \w|^in the test$/.test(pattern[field]));
  if (empty.length > 0) return empty.map((field) => `${field} is empty`);
  const switches = given(pattern.Switch);
  const tests = testsOf(pattern.Test);
  const controls = pattern.Control === 'in the test' ? tests : testsOf(pattern.Control);
  const missing = [...quoted(pattern.Where), ...[...tests, ...controls].map(({ file }) => file)].filter(
    (path) => !named.files.some((file) => file === path || file.startsWith(`${path}/`)),
  );
  if (missing.length > 0) return missing.map((path) => `${path} does not exist`);
  const faults = [
    ...switches.filter((name) => !isSetting(name, named)).map((name) => `Nothing reads ${name}`),
    ...given(pattern.Metric)
      .filter((name) => !named.exportsMetric(name) && !pattern.Metric.includes(`label \`${name}\``))
      .map((name) => `Nothing exports ${name}`),
    ...[...tests, ...controls]
      .filter(({ file, title }) => !isTitle(title, named.read(file)))
      .map(({ file, title }) => `${file} has no test “${title}”`),
  ];
  const neverOff = switches.length > 0 && tests.length > 0 && !tests.some((test) => isSwitched(test, switches, named));
  if (faults.length > 0 || !neverOff) return faults;
  return [`No test is declared with testWithSwitch and ${switches.join(' or ')}`];
}

const quoted = (field: string): string[] => [...field.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);

/** The names in a field that is not a reason for having none. */
const given = (field: string): string[] => (field.startsWith('none: ') ? [] : quoted(field));

/** `file` › title, several of them behind semicolons. */
const testsOf = (field: string): { file: string; title: string }[] =>
  [...field.matchAll(/`([^`]+)` › (.*?)(?=; `|$)/g)].map(([, file = '', title = '']) => ({ file, title }));

/** Whether a test is declared together with one of the switches: the same body then fails with it off. */
function isSwitched({ file, title }: { file: string; title: string }, switches: string[], named: Named): boolean {
  const declarations = named
    .read(file)
    .split(/\btestWithSwitch(?:<.*?>)?\(\s*/)
    .slice(1);
  return declarations.some((declaration) => {
    const [, , declared, name = ''] = /^(['"`])(.*?)\1,\s*\{\s*name: '([^']+)'/.exec(declaration) ?? [];
    return declared === title && switches.includes(name);
  });
}

/** Whether the text has the whole title as the first argument of a call, or the first cell of a table of cases. */
const isTitle = (title: string, text: string): boolean =>
  ["'", '"', '`'].some((quote) =>
    text
      .split(`${quote}${title}${quote},`)
      .slice(0, -1)
      .some((before) => /[([]\s*$/.test(before)),
  );

/** A variable of the environment, a flag, a value of a chart, or an option in code. */
function isSetting(name: string, { sources, values }: Named): boolean {
  if (name.startsWith('--')) return sources.includes(name);
  if (/^[A-Z_\d]+$/.test(name)) return sources.includes(`${name}:`);
  return sources.includes(name) || values.some((value) => valueAt(value, name.split('.')));
}

function valueAt(value: unknown, [key, ...rest]: string[]): boolean {
  if (key === undefined) return true;
  return (
    typeof value === 'object' &&
    value !== null &&
    key in value &&
    valueAt((value as Record<string, unknown>)[key], rest)
  );
}
