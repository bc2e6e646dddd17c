import { firstCoopId } from '@homeroom/contracts';
import type { CoopDatabase, CoopTransaction, Database, Statement } from '@homeroom/postgres';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { outputOf } from './program.ts';
import type { GuardedStatement } from './statement-guard.ts';

/** A database that records statements instead of running them: every answer is without rows. */
export type StatementRecorder = Database & CoopDatabase & CoopTransaction;

interface Source {
  /** File and line. */
  readonly where: string;
  /** The declaration that it is part of. */
  readonly within: string;
  readonly statement?: GuardedStatement;
}

const root = new URL('../../../', import.meta.url);
const program = fileURLToPath(new URL('statements-program.ts', import.meta.url));

/** The files in which a statement of others is passed on to a server. */
const passesOn = /^libs\/postgres\/src\/(connection|pooled-connection)\.ts/;

/**
 * Every statement of a service and of the libs that it uses, with the text that would be sent: found by the syntax of the sources,
 * and evaluated by importing them. So none is missing because no test runs it.
 * @param built calls of the functions whose statements depend on their arguments, by the function's name; each call shows one text.
 * @throws {Error} when such a function is not called, or a call is not needed or shows no statement.
 */
export async function collectStatements(
  service: string,
  built: Readonly<Record<string, (db: StatementRecorder) => unknown>> = {},
): Promise<GuardedStatement[]> {
  const sources = await sourcesOf(service);
  const dependent = sources.filter(({ where, statement }) => statement === undefined && !passesOn.test(where));
  const statements = sources.flatMap(({ statement }) => statement ?? []);
  const mistakes = dependent
    .filter(({ within }) => !(within in built))
    .map(({ where, within }) => `${where}: the text depends on the arguments of ${within}. Add calls of it.`);
  for (const [name, call] of Object.entries(built)) {
    const recorded = await record(call);
    statements.push(...recorded);
    if (recorded.length === 0) mistakes.push(`${name} has run no statement.`);
    if (!dependent.some(({ within }) => within === name)) mistakes.push(`${name} need not be called.`);
  }
  if (mistakes.length > 0) throw new Error(mistakes.join('\n'));
  return statements;
}

const evaluated = new Map<string, Promise<readonly Source[]>>();

/** Evaluated once per service: no source changes while a test runs. */
function sourcesOf(service: string): Promise<readonly Source[]> {
  const known = evaluated.get(service) ?? evaluateSources(service);
  evaluated.set(service, known);
  return known;
}

async function evaluateSources(service: string): Promise<readonly Source[]> {
  const manifest = await readFile(new URL(`services/${service}/package.json`, root), 'utf8');
  const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> };
  const libs = Object.keys(dependencies).flatMap((name) => /^@homeroom\/(.*)$/.exec(name)?.[1] ?? []);
  const folders = [`services/${service}/src`, ...libs.map((lib) => `libs/${lib}/src`)];
  return JSON.parse(await outputOf(program, [fileURLToPath(root), ...folders], { timeoutMs: 120_000 })) as Source[];
}

async function record(call: (db: StatementRecorder) => unknown): Promise<GuardedStatement[]> {
  const recorded: GuardedStatement[] = [];
  const recorder = {
    coopId: firstCoopId,
    isTransaction: true,
    query: async ({ name, text }: Statement) => {
      recorded.push({ name, text });
      return { rows: [], rowCount: 0 };
    },
    transaction: (work: (db: StatementRecorder) => unknown) => work(db),
    read: (_freshness: unknown, work: (db: StatementRecorder) => unknown) => work(db),
    ofCoop: () => db,
  };
  // what only processes use, such as closing, is not there
  const db = recorder as unknown as StatementRecorder;
  await call(db);
  return recorded;
}

/** Every choice of some of these properties, from none to all: for functions whose statement depends on what is given. */
export function everyChoice<T extends object>(properties: T): Partial<T>[] {
  return Object.entries(properties).reduce<Partial<T>[]>(
    (choices, [name, value]) => [...choices, ...choices.map((choice) => ({ ...choice, [name]: value as unknown }))],
    [{}],
  );
}
