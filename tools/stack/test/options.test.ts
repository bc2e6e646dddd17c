import { describe, expect, test } from '@jest/globals';
import { readStackOptions } from '../src/options/options.ts';
import { PlainError } from '../src/terminal/errors.ts';

const read = (args: string[], env: NodeJS.ProcessEnv = {}) => readStackOptions(args, env).options;

describe('the options of a stack', () => {
  test('are the usual ones when nothing is said', () => {
    expect(read([])).toMatchObject({
      host: '127.0.0.1',
      balance: 'roundrobin',
      weights: [1, 1],
      seed: true,
      external: {},
    });
    expect(read([]).ports.gateway).toBe(8080);
  });

  test('come from flags before the environment', () => {
    const env = { HOMEROOM_PORT_BASE: '19000', HOMEROOM_BALANCE: 'source' };
    expect(read([], env)).toMatchObject({ balance: 'source', ports: { gateway: 19_000 } });
    expect(read(['--port-base', '20000', '--balance', 'leastconn'], env)).toMatchObject({
      balance: 'leastconn',
      ports: { gateway: 20_000 },
    });
  });

  test('move one port alone', () => {
    expect(read([], { HOMEROOM_PORT_REDIS_CACHE: '7000' }).ports).toMatchObject({ 'redis-cache': 7000, gateway: 8080 });
  });

  test('take endpoints from outside, empty ones excepted', () => {
    const env = {
      DATABASE_URL: 'postgres://db',
      DATABASE_REPLICA_URLS: 'postgres://a,postgres://b',
      KAFKA_BROKERS: '',
    };
    expect(read([], env).external).toEqual({
      postgres: 'postgres://db',
      postgresReplicas: ['postgres://a', 'postgres://b'],
    });
  });

  test.each<[string, string[], NodeJS.ProcessEnv]>([
    ['--port-base 80: give a whole number from 1024', ['--port-base', '80'], {}],
    ['--balance fair: choose one of roundrobin', ['--balance', 'fair'], {}],
    ['--weights 1: give 2 whole numbers', ['--weights', '1'], {}],
    ['not all 0', ['--weights', '0,0'], {}],
    ['HOMEROOM_PORT_KAFKA x: give a whole number', [], { HOMEROOM_PORT_KAFKA: 'x' }],
    ['HOMEROOM_PORT_GATEWAY and HOMEROOM_PORT_MAIL are both 8025', [], { HOMEROOM_PORT_GATEWAY: '8025' }],
    ['a replica needs its primary', [], { DATABASE_REPLICA_URLS: 'postgres://a' }],
    ['without PAYMENT_WEBHOOK_SECRET', [], { PAYMENT_URL: 'http://p' }],
    ["Unknown option '--prot-base'", ['--prot-base', '1'], {}],
  ])('are refused with a sentence: %s', (sentence, args, env) => {
    expect(() => read(args, env)).toThrow(PlainError);
    expect(() => read(args, env)).toThrow(sentence);
  });
});
