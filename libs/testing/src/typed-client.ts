import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { outputOf } from './program.ts';

export interface TypedClientOptions {
  /** A file that imports `./api.ts`, the generated types. Its other imports are resolved from its own folder. */
  readonly program: URL;
  /** Makes a mistake in the program that the types must catch: the negative control. */
  readonly mistake: (program: string) => string;
}

const timeoutMs = 60_000;
const base = fileURLToPath(new URL('../../../tsconfig.base.json', import.meta.url));

/** Generates the types of an OpenAPI document as its clients do, and compiles a program against them. */
export async function generateTypedClient(document: object, { program, mistake }: TypedClientOptions) {
  const { default: openapiTypes, astToString } = await import('openapi-typescript');
  const [types, source] = await Promise.all([
    openapiTypes(structuredClone(document) as never),
    readFile(program, 'utf8'),
  ]);
  const mistaken = mistake(source);
  if (mistaken === source) throw new Error('the mistake changes nothing');
  const folder = fileURLToPath(new URL('.homeroom/', program));
  await mkdir(folder, { recursive: true });
  const scratch = await mkdtemp(join(folder, 'client-'));
  const project = {
    extends: base,
    compilerOptions: { noEmit: true, rootDir: '.' },
    files: ['sound.ts', 'mistaken.ts'],
  };
  const files = {
    'api.ts': astToString(types),
    'sound.ts': source,
    'mistaken.ts': mistaken,
    'tsconfig.json': JSON.stringify(project),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(scratch, name), text);
  const lines = await compile(scratch);
  return {
    /** The compiler's errors, a line each: of the program, and of the program with a mistake. */
    errors: {
      sound: lines.filter((line) => !line.includes('mistaken.ts')),
      mistaken: lines.filter((line) => line.includes('mistaken.ts')),
    },
    /** Runs the program. @param env added to the environment. @returns what it printed. */
    run: (env: Readonly<Record<string, string>>): Promise<string> =>
      outputOf(join(scratch, 'sound.ts'), [], { env, timeoutMs }),
    [Symbol.asyncDispose]: () => rm(scratch, { recursive: true, force: true }),
  };
}

async function compile(project: string): Promise<string[]> {
  const compiler = fileURLToPath(import.meta.resolve('typescript/bin/tsc'));
  const errorsOf = (printed: string): string[] => printed.split('\n').filter((line) => line.includes('error TS'));
  try {
    return errorsOf(await outputOf(compiler, ['-p', project], { timeoutMs }));
  } catch (error) {
    const errors = errorsOf(String(error));
    // the compiler itself has failed
    if (errors.length === 0) throw error;
    return errors;
  }
}
