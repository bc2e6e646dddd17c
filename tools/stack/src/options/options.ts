import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import { join, resolve } from 'node:path';
import { defaultPorts, portNames, portsFrom, portVariable, type PortName, type Ports } from './port-table.ts';
import { PlainError } from '../terminal/errors.ts';
import { apiInstances } from './service-names.ts';

export const checkout = resolve(import.meta.dirname, '../../../..');

export const balanceModes = ['roundrobin', 'leastconn', 'source', 'random'] as const;
export type Balance = (typeof balanceModes)[number];

/** Existing engines, each used instead of starting one. */
export type External = Partial<ReturnType<typeof readExternal>>;

export type StackOptions = ReturnType<typeof readStackOptions>['options'];

export const stackFlags = `  --port-base <n>      all ports in a row from n on (HOMEROOM_PORT_BASE); default ${defaultPorts.gateway}, ${defaultPorts.postgres}, …
  --host <address>     where the gateway and the engines listen (HOMEROOM_HOST), 127.0.0.1
  --balance <mode>     ${balanceModes.join(' | ')} (HOMEROOM_BALANCE)
  --weights <a,b>      shares of the first and second instance of every API, 1 to 256 (HOMEROOM_WEIGHTS), 1,1
  --trusted-proxies <a,b>  addresses or ranges of proxies before the gateway (HOMEROOM_TRUSTED_PROXIES), none
  --connections-per-address <n>  that one address may have open, 0 for any number (HOMEROOM_CONNECTIONS_PER_ADDRESS), 512
  --pool-size <n>      connections per process, default by the formula (HOMEROOM_POOL_SIZE)
  --no-seed            leave an empty database empty (HOMEROOM_SEED=0)

  HOMEROOM_PORT_<NAME> moves one port: ${portNames.slice(0, 8).map(portVariable).join(', ')}, …
  DATABASE_URL (an administrator's), DATABASE_REPLICA_URLS, REDIS_SESSIONS_URL, REDIS_CACHE_URL, KAFKA_BROKERS, SMTP_URL and
  PAYMENT_URL (with PAYMENT_WEBHOOK_SECRET) are used instead of starting that engine.`;

/** Reads the stack's options from flags and environment. @throws {PlainError} naming the flag or variable. */
export function readStackOptions(args: string[], env: NodeJS.ProcessEnv) {
  const { values, positionals } = parse(args);
  const text = (flag: keyof typeof values, variable: string): string | undefined => {
    const value = values[flag] ?? env[variable];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const balance = text('balance', 'HOMEROOM_BALANCE') ?? 'roundrobin';
  if (!isBalance(balance)) throw new PlainError(`--balance ${balance}: choose one of ${balanceModes.join(', ')}`);
  const pool = text('pool-size', 'HOMEROOM_POOL_SIZE');
  const connections = text('connections-per-address', 'HOMEROOM_CONNECTIONS_PER_ADDRESS') ?? '512';
  return {
    positionals,
    options: {
      checkout,
      /** Data, logs, and records: `.homeroom/` of the checkout, or a separate folder for a private stack. */
      stateDir: resolve(text('state', 'HOMEROOM_STATE') ?? join(checkout, '.homeroom')),
      host: text('host', 'HOMEROOM_HOST') ?? '127.0.0.1',
      ports: readPorts(text('port-base', 'HOMEROOM_PORT_BASE'), env),
      balance,
      weights: readWeights(text('weights', 'HOMEROOM_WEIGHTS')),
      trustedProxies: readProxies(text('trusted-proxies', 'HOMEROOM_TRUSTED_PROXIES')),
      connectionsPerAddress: wholeNumber('--connections-per-address', connections, 0, 100_000),
      poolSize: pool === undefined ? undefined : wholeNumber('--pool-size', pool, 1, 1000),
      seed: values['no-seed'] !== true && env['HOMEROOM_SEED'] !== '0',
      /** Whether engines sync to disk. */
      durable: true,
      external: readExternal(env) as External,
      env,
    },
  };
}

function parse(args: string[]) {
  const string = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = {
    'port-base': string,
    host: string,
    balance: string,
    weights: string,
    'trusted-proxies': string,
    'connections-per-address': string,
    'pool-size': string,
    state: string,
    'no-seed': flag,
    help: { ...flag, short: 'h' },
  } as const;
  try {
    return parseArgs({ args, allowPositionals: true, options });
  } catch (error) {
    throw new PlainError((error as Error).message);
  }
}

const isBalance = (text: string): text is Balance => (balanceModes as readonly string[]).includes(text);

function readPorts(base: string | undefined, env: NodeJS.ProcessEnv): Ports {
  const table = base === undefined ? defaultPorts : portsFrom(wholeNumber('--port-base', base, 1024, 65_000));
  const ports = Object.fromEntries(
    portNames.map((name) => {
      const given = env[portVariable(name)] || String(table[name]);
      return [name, wholeNumber(portVariable(name), given, 1, 65_535)];
    }),
  ) as Record<PortName, number>;
  for (const name of portNames) {
    const twin = portNames.find((other) => other !== name && ports[other] === ports[name]);
    if (twin !== undefined)
      throw new PlainError(`${portVariable(name)} and ${portVariable(twin)} are both ${ports[name]}`);
  }
  return ports;
}

function readWeights(text: string | undefined): number[] {
  if (text === undefined) return apiInstances.map(() => 1);
  const weights = text.split(',').map((weight) => wholeNumber('--weights', weight.trim(), 0, 256));
  if (weights.length === apiInstances.length && weights.some((weight) => weight > 0)) return weights;
  throw new PlainError(`--weights ${text}: give ${apiInstances.length} whole numbers, not all 0, as in --weights 3,1`);
}

function readProxies(text: string | undefined): string[] {
  const ranges = (text ?? '').split(',').map((range) => range.trim());
  return ranges
    .filter((range) => range !== '')
    .map((range) => {
      const [address = '', bits = '0', ...rest] = range.split('/');
      const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
      if (rest.length === 0 && /^\d+$/.test(bits) && Number(bits) <= most) return range;
      throw new PlainError(`--trusted-proxies ${range}: give addresses or ranges, as in 10.0.0.5,10.1.0.0/16`);
    });
}

function readExternal(env: NodeJS.ProcessEnv) {
  const given = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  if (given('PAYMENT_URL') !== undefined && given('PAYMENT_WEBHOOK_SECRET') === undefined)
    throw new PlainError('PAYMENT_URL is given without PAYMENT_WEBHOOK_SECRET: its webhooks could not be verified');
  const replicas = given('DATABASE_REPLICA_URLS');
  if (replicas !== undefined && given('DATABASE_URL') === undefined)
    throw new PlainError('DATABASE_REPLICA_URLS is given without DATABASE_URL: a replica needs its primary');
  return {
    postgres: given('DATABASE_URL'),
    postgresReplicas: replicas?.split(',').map((url) => url.trim()),
    redisSessions: given('REDIS_SESSIONS_URL'),
    redisCache: given('REDIS_CACHE_URL'),
    kafka: given('KAFKA_BROKERS'),
    smtp: given('SMTP_URL'),
    payments: given('PAYMENT_URL'),
  };
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new PlainError(`${name} ${text}: give a whole number from ${least} to ${most}`);
}
