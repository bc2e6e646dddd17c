import { Health } from '@homeroom/chassis';
import { waitFor } from '@homeroom/testing';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';

const fast = { everyMs: 5, timeoutMs: 50 };

describe('health', () => {
  let health: Health;
  beforeEach(() => {
    health = new Health();
  });
  afterEach(() => health.stop());

  test('is ready when started and every critical dependency has answered once', async () => {
    health.check('database', () => Promise.resolve(), fast);
    await waitFor('the first answer', () => health.report().checks['database']?.state === 'up');
    expect(health.ready()).toBe(false);
    health.markStarted();
    expect(health.ready()).toBe(true);
  });

  test('forgives fewer failures than failAfter, and is not ready at that many in a row', async () => {
    let failing = false;
    let asked = 0;
    let failures = 0;
    health.check(
      'database',
      () => {
        asked += 1;
        if (!failing) return Promise.resolve();
        failures += 1;
        if (failures === 3) failing = false;
        return Promise.reject(new Error('connection refused'));
      },
      { ...fast, failAfter: 4 },
    );
    health.markStarted();
    await waitFor('ready', () => health.ready());
    const readyAll: boolean[] = [];
    failing = true;
    const before = asked;
    await waitFor(
      'three failures and the answers after them',
      () => {
        readyAll.push(health.ready());
        return asked > before + 6;
      },
      { everyMs: 1 },
    );
    expect(readyAll).not.toContain(false);

    failures = -1_000_000;
    failing = true;
    await waitFor('not ready', () => !health.ready());
    expect(health.report().checks['database']).toEqual({ state: 'down', critical: true, reason: 'connection refused' });
  });

  test('needs recoverAfter successes in a row to be ready again', async () => {
    const script = [true, false, false, false, true, false, true, true];
    const seen: boolean[] = [];
    health.markStarted();
    health.check(
      'broker',
      () => {
        seen.push(health.ready());
        return (script.shift() ?? true) ? Promise.resolve() : Promise.reject(new Error('down'));
      },
      fast,
    );
    await waitFor('the script to end', () => seen.length > 9);
    // what was true before each probe: up at 1, down after three failures, up after two successes in a row
    expect(seen.slice(0, 9)).toEqual([false, true, true, true, false, false, false, false, true]);
  });

  test('counts a probe that does not answer in time as failed, and does not wait for it', async () => {
    health.check('slow', () => new Promise(() => undefined), { ...fast, timeoutMs: 5 });
    await waitFor('down', () => health.report().checks['slow']?.state === 'down');
    expect(health.report().checks['slow']?.reason).toBe('no answer in time');
  });

  describe('S17: while the process has no CPU', () => {
    const timeoutMs = 50;
    /** Keeps the event loop from turning. */
    const starve = (ms: number): void => {
      const endsAt = performance.now() + ms;
      while (performance.now() < endsAt) Math.random();
    };
    /** What answers while the loop stands still is only seen after it. */
    const answer = async (): Promise<void> => {
      const reading = readFile(import.meta.filename);
      starve(200);
      await reading;
      // timers that are due run between two turns of the loop: no answer is read before them
      for (let turn = 0; turn < 2; turn++) await setImmediate();
    };

    test('an answer that has waited to be read is in time', async () => {
      let asked = 0;
      const states = new Set<string | undefined>();
      health.check(
        'database',
        async () => {
          states.add(health.report().checks['database']?.state);
          asked += 1;
          await answer();
        },
        { everyMs: 1, timeoutMs, failAfter: 1 },
      );
      await waitFor('five probes', () => asked === 5);
      expect([...states].filter((state) => state !== undefined)).toEqual(['unknown', 'up']);
    });

    test('by the clock alone it would have been late', async () => {
      const askedAt = performance.now();
      await answer();
      expect(performance.now() - askedAt).toBeGreaterThan(timeoutMs);
    });
  });

  test('reports what is not critical without giving up readiness for it', async () => {
    health.markStarted();
    health.check('cache', () => Promise.reject(new Error('down')), { ...fast, critical: false });
    await waitFor('down', () => health.report().checks['cache']?.state === 'down');
    expect(health.ready()).toBe(true);
  });

  test('is not ready at once and for good when draining, and still alive', () => {
    health.markStarted();
    health.drain();
    expect(health.ready()).toBe(false);
    expect(health.live()).toBe(true);
  });

  test('is not alive when a loop has stopped turning', () => {
    let turning = true;
    health.alive('consumer', () => turning);
    expect(health.live()).toBe(true);
    turning = false;
    expect(health.live()).toBe(false);
  });
});
