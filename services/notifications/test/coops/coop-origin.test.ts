import { expect, test } from '@jest/globals';
import { Directory } from '@homeroom/coops';
import { coopOrigin } from '../../src/coops/coop-origin.ts';
import { birch, willow } from '../co-ops.ts';

const other = { ...willow, coopId: '0199f2a0-0000-7000-8000-00000000000c', hosts: ['elsewhere.example'] };

test.each([
  ['that has no host', [], 'https://homeroom.example', 'https://homeroom.example'],
  ['at its first host', ['birch.example', 'b.example'], 'https://homeroom.example', 'https://birch.example'],
  ['with the port of a laptop', ['birch.localhost'], 'http://127.0.0.1:8080', 'http://birch.localhost:8080'],
  ['at PUBLIC_ORIGIN if it is one of its hosts', ['a.example', 'b.example'], 'https://b.example', 'https://b.example'],
])('the pages of a co-op %s', (_where, hosts, publicOrigin, expected) => {
  const coop = { ...birch, hosts };
  expect(coopOrigin(new Directory([coop, other]), coop, publicOrigin)).toBe(expected);
});

test('the pages of the only co-op are at PUBLIC_ORIGIN, which it answers at, whatever its hosts are', () => {
  expect(coopOrigin(new Directory([birch]), birch, 'https://homeroom.example')).toBe('https://homeroom.example');
});
