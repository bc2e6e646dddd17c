import { execFile, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parseOptions } from '../src/options.ts';
import type { Report } from '../src/recorder.ts';
import { listen } from './listen.ts';

const main = join(import.meta.dirname, '../src/main.ts');

let running: ChildProcess;

async function load(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    running = execFile(process.execPath, [main, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

describe('the command', () => {
  test('prints JSON, and exits 1 when more requests fail than allowed', async () => {
    const { origin } = await listen((request, response) => {
      response.writeHead(request.url === '/bad' ? 500 : 200).end();
    });
    const run = ['--target', origin, '--rate', '100', '--count', '10', '--json', '--quiet'];
    const good = await load(...run, '--path', '/good');
    const bad = await load(...run, '--path', '/bad');
    const allowed = await load(...run, '--path', '/bad', '--max-failed', 'any');
    expect([good.code, bad.code, allowed.code]).toEqual([0, 1, 0]);
    expect((JSON.parse(good.stdout) as Report).ok).toBe(10);
    expect((JSON.parse(bad.stdout) as Report).failures).toEqual({ 'status 500': 10 });
    expect(good.stderr).toBe('');
  });

  test('prints its report and exits 1 when what was confirmed cannot be checked', async () => {
    const { origin } = await listen((request, response) => {
      // to wait a minute is too long for it
      if (request.url === '/api/sessions') response.writeHead(503, { 'retry-after': '60' }).end();
      else response.writeHead(201).end('{"id":"family"}');
    });
    const run = ['--target', origin, '--rate', '100', '--count', '3', '--json', '--quiet', '--max-failed', 'any'];
    const { code, stdout } = await load(...run, '--scenario', 'register');
    expect(code).toBe(1);
    expect(stdout).toMatch(/"lost":0,"unknown":3\b/);
  });

  test('exits 2 when it is ended before its first request', async () => {
    let families = 0;
    const { origin } = await listen((request, response) => {
      if (request.url === '/api/families' && (families += 1) === 2) running.kill('SIGINT');
      response.writeHead(request.method === 'POST' ? 201 : 200).end('{"id":"family"}');
    });
    const run = ['--target', origin, '--scenario', 'sessions', '--clients', '10000', '--json', '--max-failed', 'any'];
    const { code, stdout } = await load(...run);
    expect(code).toBe(2);
    expect((JSON.parse(stdout) as Report).scheduled).toBe(0);
    expect(families).toBeLessThan(10_000);
  });

  test('sends nothing to a foreign host', async () => {
    const { code, stderr } = await load('--target', 'http://example.com');
    expect(code).toBe(2);
    expect(stderr).toContain('--any-host');
  });

  test('explains itself', async () => {
    const { code, stdout } = await load('--help');
    expect(code).toBe(0);
    for (const option of ['--rate', '--seconds', '--scenario', '--max-failed']) expect(stdout).toContain(option);
  });

  test.each([
    [['--rate', '0'], '--rate 0: must be a number from 0.1'],
    [['--rate', 'fast'], '--rate fast'],
    [['--seconds', '99999'], 'to 3600'],
    [['--arrival', 'bursty'], 'poisson or constant'],
    [['--scenario', 'chaos'], 'browse or sessions or register'],
    [['--speed', '1'], '--speed'],
  ])('refuses %j in one sentence', (args, sentence) => {
    expect(() => parseOptions(args)).toThrow(sentence);
  });
});
