import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import type { z } from 'zod';
import { ConfigError, loadConfig, type commandConfig } from '../wiring/config.ts';

/** The arguments are invalid; the message says what is valid. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What a command works on and closes at its end. */
interface Closable {
  close(): Promise<void>;
}

export interface CommandOptions<O extends ParseArgsOptionsConfig, C extends typeof commandConfig, D extends Closable> {
  /** `<service>-<command>`, for the database's list of connections. */
  readonly name: string;
  /** What `--help` prints. */
  readonly usage: string;
  /** As `parseArgs` of node:util takes them; `--help` is added. */
  readonly options?: O;
  readonly allowPositionals?: boolean;
  readonly config: C;
  /** Opens the database: `commandDatabase` of libs/postgres. */
  readonly openDatabase: (command: {
    name: string;
    config: Readonly<z.infer<C>>;
    onWaiting: (reason: string) => void;
  }) => Promise<D>;
}

type Typed<O extends ParseArgsOptionsConfig> = ReturnType<typeof parseArgs<{ options: O; allowPositionals: true }>>;

export interface CommandDeps<C extends z.ZodType, D> {
  readonly config: Readonly<z.infer<C>>;
  readonly database: D;
  /** Prints a line. */
  readonly say: (line: string) => void;
}

/**
 * Runs a command against a service's database: `--help` prints the usage; a mistake in the arguments or the configuration is
 * explained and exits 64 or 78; any other failure exits 1.
 */
export async function runCommand<
  const O extends ParseArgsOptionsConfig,
  C extends typeof commandConfig,
  D extends Closable,
>(
  { name, usage, options, allowPositionals = false, config: schema, openDatabase }: CommandOptions<O, C, D>,
  work: (typed: Typed<O>, deps: CommandDeps<C, D>) => Promise<void>,
): Promise<void> {
  let database: D | undefined;
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  try {
    const { help, typed } = parse<O>(options, allowPositionals);
    if (help) {
      say(usage);
      return;
    }
    const config = loadConfig(schema);
    const onWaiting = (reason: string): void => void process.stderr.write(`waiting: ${reason}\n`);
    database = await openDatabase({ name, config, onWaiting });
    await work(typed, { config, database, say });
  } catch (error) {
    process.exitCode = error instanceof UsageError ? 64 : error instanceof ConfigError ? 78 : 1;
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    if (error instanceof UsageError) process.stderr.write(`\n${usage}\n`);
  } finally {
    await database?.close();
  }
}

function parse<O extends ParseArgsOptionsConfig>(
  given: O | undefined,
  allowPositionals: boolean,
): { help: boolean; typed: Typed<O> } {
  const help = { type: 'boolean', short: 'h', default: false } as const;
  try {
    const typed = parseArgs({ options: { ...given, help }, allowPositionals });
    // the types of parseArgs cannot remove one option
    return { help: typed.values.help, typed: typed as unknown as Typed<O> };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
