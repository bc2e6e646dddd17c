/**
 * `<root> <folder…>` prints the statements of the TypeScript files in these folders of the root, as JSON. It imports each file
 * that has one, with code at its end that evaluates the statement: so the text is the one that would be sent.
 */
import { globSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { statementSources } from './statement-sources.ts';

/** What the code at the end of a file reports to. */
const evaluated: Record<string, unknown> = {};
Object.assign(globalThis, { evaluated });

const [root = '', ...folders] = process.argv.slice(2);
const files = folders.flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: root }).map((file) => join(root, file)));
const found = files
  .sort()
  .flatMap((file) =>
    statementSources(file, readFileSync(file, 'utf8')).map((source, index) => ({ file, index, ...source })),
  );

const textOf = (source: string | NodeJS.ArrayBufferView | ArrayBuffer | undefined): string =>
  typeof source === 'string' ? source : new TextDecoder().decode(source);

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const own = found.filter(({ file, code }) => code !== undefined && url === pathToFileURL(file).href);
    if (own.length === 0) return loaded;
    const code = own.map(
      ({ file, index, code: value }) =>
        `globalThis.evaluated[${JSON.stringify(`${file}:${index}`)}] = ${String(value)};`,
    );
    return { ...loaded, source: [textOf(loaded.source), ...code].join('\n') };
  },
});

for (const file of new Set(found.flatMap((it) => (it.code === undefined ? [] : [it.file]))))
  await import(pathToFileURL(file).href);

const statements = found.map(({ file, index, line, within, code }) => ({
  where: `${relative(root, file)}:${line}`,
  within,
  ...(code === undefined ? {} : { statement: evaluated[`${file}:${index}`] }),
}));
console.log(JSON.stringify(statements));
