import { mkdirSync } from 'node:fs';
import { Redis } from 'ioredis';
import { untilServing, type ProcessSpec, type Supervisor } from '../processes/supervisor.ts';

export interface RedisOptions {
  /** `sessions` must lose nothing (noeviction, append-only file); `cache` may lose everything (allkeys-lfu, capped). */
  role: 'sessions' | 'cache';
  dataDir: string;
  host: string;
  port: number;
  binary: string;
  maxMemoryMb?: number;
}

/** Starts one Redis; resolves to its URL when it answers a ping. */
export async function startRedis(supervisor: Supervisor, options: RedisOptions): Promise<string> {
  mkdirSync(options.dataDir, { recursive: true });
  await supervisor.start(redisSpec(options));
  return `redis://${options.host}:${options.port}`;
}

export function redisSpec(options: RedisOptions): ProcessSpec {
  const settings: Record<string, string> = {
    bind: options.host,
    port: String(options.port),
    dir: options.dataDir,
    daemonize: 'no',
    save: '',
    'tcp-keepalive': '60',
    ...(options.role === 'sessions'
      ? { appendonly: 'yes', appendfsync: 'everysec', 'maxmemory-policy': 'noeviction' }
      : { appendonly: 'no', 'maxmemory-policy': 'allkeys-lfu', maxmemory: `${options.maxMemoryMb ?? 64}mb` }),
  };
  return {
    name: `redis-${options.role}`,
    command: options.binary,
    args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    stopTimeoutMs: 1500,
    ready: (signal) => untilServing(signal, () => ping(`redis://${options.host}:${options.port}`)),
  };
}

/** Rejects when no Redis answers there. */
export async function ping(url: string): Promise<void> {
  const redis = new Redis(url, {
    lazyConnect: true,
    retryStrategy: null,
    connectTimeout: 1000,
    enableOfflineQueue: false,
  });
  // the reason of a failed connection comes with the rejected connect()
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    await redis.ping();
  } finally {
    redis.disconnect();
  }
}
