import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parseOptions } from '../src/options.ts';
import type { Report } from '../src/recorder.ts';

const main = join(import.meta.dirname, '../src/main.ts');

async function load(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

describe('the command', () => {
  test('prints JSON, and exits 1 when more requests fail than allowed', async () => {
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/bad' ? 500 : 200).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const target = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const run = ['--target', target, '--rate', '100', '--count', '10', '--json', '--quiet'];
    const good = await load(...run, '--path', '/good');
    const bad = await load(...run, '--path', '/bad');
    const allowed = await load(...run, '--path', '/bad', '--max-failed', 'any');
    server.close();
    expect([good.code, bad.code, allowed.code]).toEqual([0, 1, 0]);
    expect((JSON.parse(good.stdout) as Report).ok).toBe(10);
    expect((JSON.parse(bad.stdout) as Report).failures).toEqual({ 'status 500': 10 });
    expect(good.stderr).toBe('');
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
