import { Redis } from 'ioredis';
import { mkdirSync } from 'node:fs';
import { untilServing } from '../processes/serving.ts';
import type { Supervisor } from '../processes/supervisor.ts';

export interface RedisOptions {
  /** `sessions` must lose nothing (noeviction, append-only file); `cache` may lose everything (allkeys-lfu, capped). */
  role: 'sessions' | 'cache';
  dataDir: string;
  host: string;
  port: number;
  binary: string;
}

/** Starts one Redis; resolves to its URL when it answers a ping. */
export async function startRedis(
  supervisor: Supervisor,
  { role, dataDir, host, port, binary }: RedisOptions,
): Promise<string> {
  mkdirSync(dataDir, { recursive: true });
  const url = `redis://${host}:${port}`;
  const settings: Record<string, string> = {
    bind: host,
    port: String(port),
    dir: dataDir,
    daemonize: 'no',
    save: '',
    'tcp-keepalive': '60',
    ...(role === 'sessions'
      ? { appendonly: 'yes', appendfsync: 'everysec', 'maxmemory-policy': 'noeviction' }
      : { appendonly: 'no', 'maxmemory-policy': 'allkeys-lfu', maxmemory: '64mb' }),
  };
  await supervisor.start({
    name: `redis-${role}`,
    command: binary,
    args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    stopTimeoutMs: 1500,
    ready: (signal) => untilServing(signal, () => ping(url)),
  });
  return url;
}

async function ping(url: string): Promise<void> {
  const redis = new Redis(url, {
    lazyConnect: true,
    retryStrategy: null,
    connectTimeout: 1000,
    enableOfflineQueue: false,
  });
  // the rejected connect() has the reason of a failed connection
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    await redis.ping();
  } finally {
    redis.disconnect();
  }
}
