import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Script } from 'node:vm';
import { startHarness, type Harness } from '../harness.ts';

let service: Harness;
beforeAll(async () => {
  service = await startHarness();
});
afterAll(() => service.close());

const get = (url: string) => service.app.inject({ method: 'GET', url });

test.each(['/account/verify', '/account/reset'])(
  '%s is a page that runs its own script and nothing else',
  async (url) => {
    const { statusCode, headers, body } = await get(url);
    expect(statusCode).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(headers['x-frame-options']).toBe('DENY');
    expect(headers['referrer-policy']).toBe('no-referrer');
    // no inline script, style, or handler, which the policy would stop, and nothing from another host
    expect(body).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|https?:\/\//);
    for (const [, path = ''] of body.matchAll(/(?:src|href)="([^"]+)"/g)) {
      const file = await get(path);
      expect([path, file.statusCode]).toEqual([path, 200]);
      expect(file.headers['x-content-type-options']).toBe('nosniff');
    }
  },
);

test('the script reads the token from the fragment, sends it in a body, and never writes markup', async () => {
  const { headers, body } = await get('/account/account.js');
  expect(headers['content-type']).toBe('text/javascript; charset=utf-8');
  expect(() => new Script(body)).not.toThrow();
  expect(body).toContain('location.hash');
  expect(body).not.toMatch(/innerHTML|document\.write|eval\(|location\.search/);
  for (const [, path = ''] of body.matchAll(/send\('([^']+)'/g)) {
    const { statusCode } = await service.app.inject({
      method: 'POST',
      url: path,
      payload: { token: 'x', password: 'kelp-vantage-brisket' },
    });
    expect([path, statusCode]).toEqual([path, 422]);
  }
});

test('the password field is one that password managers fill with a new password', async () => {
  expect((await get('/account/reset')).body).toMatch(/type="password" autocomplete="new-password"/);
});
