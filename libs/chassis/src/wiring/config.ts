import { isIP } from 'node:net';
import { z } from 'zod';
import { parse } from './validation-messages.ts';

/** A whole number of at least `least`, written in the environment as text. */
export const wholeNumber = (least = 0): z.ZodCoercedNumber => z.coerce.number().int().min(least);

/** A comma-separated list; the empty text is the empty list. */
const commaList = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);

/** A URL of these schemes, such as `/^rediss?$/`. */
export const url = (protocol: RegExp): z.ZodURL => z.url({ protocol, message: 'must be a URL' });

/** A signing key: long enough not to be guessed. */
export const secret = z.string().min(16);

const cidrList = commaList.check((ctx) => {
  for (const range of ctx.value.filter((candidate) => !isCidr(candidate))) {
    ctx.issues.push({ code: 'custom', input: range, message: `“${range}” is not an address or a CIDR range` });
  }
});

function isCidr(range: string): boolean {
  const [address = '', bits, ...rest] = range.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

/** What every process reads from its environment. A service extends it: `processConfig.extend({ … })`. */
export const processConfig = z.object({
  HOST: z.string().min(1).default('127.0.0.1'),
  /** 0 takes any free port. */
  PORT: wholeNumber().max(65_535).default(3000),
  /** Serves health and metrics, apart from the public port. 0 takes any free port. */
  OPS_PORT: wholeNumber().max(65_535).default(0),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  /** `auto` is pretty on a terminal and JSON everywhere else. */
  LOG_FORMAT: z.enum(['auto', 'json', 'pretty']).default('auto'),
  /** How long to continue serving after SIGTERM, until every balancer has seen that the process is not ready. */
  PRESTOP_DELAY_MS: wholeNumber().default(0),
  /** From SIGTERM to the end, everything included. */
  SHUTDOWN_DEADLINE_MS: wholeNumber(1).default(10_000),
  /** Only peers in these ranges may name the client. */
  TRUSTED_PROXIES: cidrList.default([]),
  /** The origin that browsers use: the only one that may send unsafe requests with a cookie. */
  PUBLIC_ORIGIN: z
    .url({ protocol: /^https?$/ })
    .transform((url) => new URL(url).origin)
    .default('http://127.0.0.1:8080'),
  /** Requests per minute and client address; 0 switches the limit off. */
  RATE_LIMIT_PER_MINUTE: wholeNumber().default(100),
  /** Above this the process sheds load; 0 switches that off. */
  MAX_EVENT_LOOP_DELAY_MS: wholeNumber().default(500),
  /** Requests being answered at once; above it the rest get a fast 503. 0 switches that off. */
  MAX_IN_FLIGHT: wholeNumber().default(1_000),
  BODY_LIMIT_BYTES: wholeNumber(1).default(65_536),
  /** For receiving a whole request, body included. */
  REQUEST_TIMEOUT_MS: wholeNumber(100).default(15_000),
  /** Base URL of an OTLP/HTTP collector; without it no spans are recorded. */
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url().optional(),
  OTEL_SAMPLE_RATIO: z.coerce.number().min(0).max(1).default(1),
});

export type ProcessConfig = Readonly<z.infer<typeof processConfig>>;

const databaseUrl = url(/^postgres(ql)?$/);

/** What a process reads that has a database: `processConfig.extend({ ...databaseConfig, … })`. */
export const databaseConfig = {
  /** As the role that reads and writes but owns nothing. */
  DATABASE_URL: databaseUrl,
  DATABASE_REPLICA_URLS: commaList.default([]),
  DATABASE_POOL_SIZE: wholeNumber(1).default(5),
  DATABASE_REPLICA_POOL_SIZE: wholeNumber(1).default(5),
  /** Connections that all processes together may open; 0 when it is not known. */
  DATABASE_CONNECTIONS_PLANNED: wholeNumber().default(0),
  /** How long startup waits for a database that is down or not migrated; 0 fails at once. */
  SCHEMA_WAIT_MS: wholeNumber().default(0),
};

/** What a command reads. One that needs the schema waits SCHEMA_WAIT_MS for it; by default it looks once. */
export const commandConfig = z.object({
  DATABASE_URL: databaseUrl,
  SCHEMA_WAIT_MS: wholeNumber().default(0),
});

/** What migrating reads: as the role that owns the tables. */
export const migrationConfig = z.object({ DATABASE_MIGRATION_URL: databaseUrl });

/** What a worker reads that publishes or consumes. */
export const kafkaConfig = {
  KAFKA_BROKERS: commaList,
  /** Put before every topic and group, so that several checkouts can share a broker. */
  TOPIC_PREFIX: z.string().default(''),
  /** How long the partitions of a worker that was lost wait for another. Brokers refuse less than their least, 6000 by default. */
  KAFKA_SESSION_TIMEOUT_MS: wholeNumber(1).default(10_000),
};

/** Every mistake of a configuration at once, a sentence each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(
      `The configuration has ${mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`}:\n${mistakes.map((mistake) => `  ${mistake}`).join('\n')}`,
    );
    this.mistakes = mistakes;
  }
}

/**
 * Reads a process's configuration. Empty variables count as absent, as they do in every shell and chart.
 * @returns the parsed values, frozen.
 * @throws {ConfigError} with every mistake.
 */
export function loadConfig<S extends z.ZodType>(
  schema: S,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Readonly<z.infer<S>> {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
  const parsed = parse(schema, given);
  if (parsed.success) return Object.freeze(parsed.data);
  throw new ConfigError(
    parsed.issues.map(({ field, message }) => {
      if (field === '') return message;
      // coercion turns a missing variable into a value
      return field in given ? `${field}: ${message}` : `${field}: is missing`;
    }),
  );
}
