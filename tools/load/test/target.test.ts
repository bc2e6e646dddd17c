import { describe, expect, test } from '@jest/globals';
import { checkTarget } from '../src/target.ts';

const outside = { anyHost: false, inPod: false };
const inPod = { anyHost: false, inPod: true };

describe('the target', () => {
  test.each(['http://127.0.0.1:8080', 'http://localhost', 'http://[::1]:3000'])('may be this machine: %s', (target) => {
    expect(checkTarget(target, outside).href).toContain('http://');
  });

  test.each([
    'http://homeroom-gateway',
    'http://x.homeroom.svc:80',
    'http://x.homeroom.svc.cluster.local',
    'http://10.1.2.3',
  ])('may be a service of the cluster only from a pod: %s', (target) => {
    expect(checkTarget(target, inPod).protocol).toBe('http:');
    expect(() => checkTarget(target, outside)).toThrow('--any-host');
  });

  test.each(['http://example.com', 'http://93.184.215.14', 'http://127.0.0.1.example.com', 'http://svc.example'])(
    'is no foreign host unless the flag is given: %s',
    (target) => {
      expect(() => checkTarget(target, outside)).toThrow('--any-host');
      expect(() => checkTarget(target, inPod)).toThrow('--any-host');
      expect(checkTarget(target, { ...inPod, anyHost: true }).protocol).toBe('http:');
    },
  );

  test('must be http', () => {
    expect(() => checkTarget('https://127.0.0.1', outside)).toThrow('only http');
    expect(() => checkTarget('gateway', outside)).toThrow('not a URL');
  });
});
