import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'prettier';
import { parse } from 'yaml';
import { buildSchema } from './schema.ts';
import { table } from './table.ts';
import { readValues, type Schema } from './values.ts';

/** The repository's charts, and how the umbrella chart names their values. */
const charts = {
  homeroom: 'Values of the umbrella chart.',
  service: 'Values of one service. In charts/homeroom they are below `families`, `enrollment`, and `notifications`.',
  data: 'Values of the data tier. In charts/homeroom they are below `data`.',
};

/** What follows this line in a values.yaml is generated. */
const mark = '# Copied from charts/global.yaml by `npm run charts`. Edit it there.\n';

export interface GeneratedFile {
  /** Its path below the folder of the charts. */
  readonly path: string;
  readonly text: string;
}

/** Every generated file below a folder of charts, as it must be. */
export async function generate(folder: string): Promise<GeneratedFile[]> {
  const read = (path: string): string => readFileSync(join(folder, path), 'utf8');
  const definitions = parse(read('definitions.yaml')) as Record<string, Schema>;
  const global = read('global.yaml');
  const files: GeneratedFile[] = [];
  const sections = [
    '# Values',
    'Every value of the charts, with its default. Generated from the comments in the values files by `npm run charts`.',
    `## global\n\n${table(readValues('charts/global.yaml', global))}`,
  ];
  for (const [chart, about] of Object.entries(charts)) {
    const path = `${chart}/values.yaml`;
    const [own, copy] = read(path).split(mark);
    if (copy === undefined) throw new Error(`charts/${path} lacks the line “${mark.trim()}”.`);
    const text = `${own}${mark}\n${global}`;
    const values = readValues(`charts/${path}`, text);
    const schema = buildSchema(`Values of charts/${chart}`, values, definitions);
    files.push(
      { path, text },
      { path: `${chart}/values.schema.json`, text: await pretty(JSON.stringify(schema), 'json') },
    );
    sections.push(`## charts/${chart}\n\n${about}\n\n${table(values.filter(({ key }) => key !== 'global'))}`);
  }
  return [...files, { path: 'VALUES.md', text: await pretty(sections.join('\n\n'), 'markdown') }];
}

/** The generated files that differ from what is there. */
export async function findStale(folder: string): Promise<GeneratedFile[]> {
  return (await generate(folder)).filter(({ path, text }) => readOrEmpty(join(folder, path)) !== text);
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

const pretty = (text: string, parser: string): Promise<string> =>
  format(text, { parser, printWidth: 120, singleQuote: true });
