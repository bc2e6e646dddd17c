import { describe, expect, test } from '@jest/globals';
import { addressOf, checkAddress } from '../src/client/addresses.ts';
import { readCast } from '../src/families/cast.ts';
import { readSettings } from '../src/settings.ts';
import { inParallel, until } from '../src/client/until.ts';

describe('the cast', () => {
  test('is the whole seed, with addresses and titles of this run alone', () => {
    const cast = readCast('bcdfghj');
    expect(cast.families.length).toBe(320);
    expect(cast.wishCount).toBeGreaterThan(cast.seats);
    expect(cast.families.every(({ guardian }) => /^[a-z0-9.]+\.bcdfghj@/.test(guardian.email))).toBe(true);
    expect(cast.timetable.split('\r\n').filter((line) => line.includes(' bcdfghj')).length).toBe(cast.classCount);
  });

  test('shrinks its classes with its families, so that seats stay scarce', () => {
    const cast = readCast('bcdfghj', 40);
    expect(cast.families.length).toBe(40);
    expect(cast.wishCount).toBeGreaterThan(cast.seats);
  });
});

test('every client has an address of its own, on loopback, that can be bound', async () => {
  const addresses = Array.from({ length: 1000 }, (_, index) => addressOf('bcdfghj', index));
  expect(new Set(addresses).size).toBe(1000);
  for (const address of addresses) expect(address).toMatch(/^127\.\d{1,3}\.[0-3]\.\d{1,3}$/);
  await checkAddress(addresses.at(-1)!);
});

describe('settings', () => {
  const env = {
    HOMEROOM_GATEWAY_URL: 'http://127.0.0.1:8080',
    HOMEROOM_MAIL_URL: 'http://127.0.0.1:8025',
    HOMEROOM_PAYMENTS_URL: 'http://127.0.0.1:8090',
    HOMEROOM_COORDINATOR_EMAIL: 'a@x.test',
    HOMEROOM_COORDINATOR_PASSWORD: 'secret',
  };

  test('flags win over the environment, and every run has a name of its own', () => {
    const settings = readSettings(['--gateway', 'http://127.0.0.1:9090', '--families', '7'], env)!;
    expect(settings).toMatchObject({ families: 7, clients: 32, coordinator: { email: 'a@x.test' } });
    expect(settings.gateway.port).toBe('9090');
    expect(settings.run).toMatch(/^[a-z]{7}$/);
    expect(readSettings([], env)!.run).not.toBe(settings.run);
  });

  test('what is missing or wrong is said in a sentence', () => {
    expect(() => readSettings([], {})).toThrow('The gateway is not known');
    expect(() => readSettings(['--families', '0'], env)).toThrow('--families 0');
    expect(() => readSettings(['--what'], env)).toThrow('--what');
    expect(readSettings(['--help'], {})).toBeUndefined();
  });
});

test('what does not come in time is named', async () => {
  await expect(until('the moon', async () => undefined, { timeoutMs: 5, everyMs: 1 })).rejects.toThrow(
    'the moon: not within',
  );
});

test('work in parallel is never more than asked for, and all of it is done', async () => {
  let [running, most, done] = [0, 0, 0];
  await inParallel(Array.from({ length: 100 }), 7, async () => {
    most = Math.max(most, (running += 1));
    await new Promise(setImmediate);
    running -= 1;
    done += 1;
  });
  expect([most, done]).toEqual([7, 100]);
});
