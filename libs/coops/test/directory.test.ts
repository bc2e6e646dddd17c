import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Directory, hostName, type Coop } from '@homeroom/coops';
import { aCoop } from './coops.ts';

const slugOf = (coop: Coop | undefined): string | undefined => coop?.slug;

describe('the name in a host header', () => {
  test.each([
    ['willow-creek.example', 'willow-creek.example'],
    ['Willow-Creek.EXAMPLE', 'willow-creek.example'],
    ['willow-creek.example.', 'willow-creek.example'],
    ['willow-creek.example:8080', 'willow-creek.example'],
    ['WILLOW.example.:443', 'willow.example'],
    ['willow.example:', 'willow.example'],
    ['localhost', 'localhost'],
    ['127.0.0.1:8080', '127.0.0.1'],
    ['[::1]:8080', '[::1]'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
  ])('%s is %s', (header, name) => expect(hostName(header)).toBe(name));

  test.each([
    '',
    ':',
    '.',
    ':8080',
    'a..b',
    'a.example..',
    '-a.example',
    'a-.example',
    'a.example:80:80',
    'a.example:123456',
    'a.example:80a',
    'user@a.example',
    'a.example/path',
    'a.example, b.example',
    'a b.example',
    'a.example\0',
    'a.example\r\nx: y',
    'bücher.example',
    '*.example',
    '[::1',
    '::1',
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(126)}example`,
  ])('%j is none', (header) => expect(hostName(header)).toBeUndefined());

  test('whatever a client sends, the name is one that a co-op may have, and stays as it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.domain(), fc.webAuthority()), (header) => {
        const name = hostName(header);
        if (name === undefined) return;
        expect(name).toMatch(/^(\[[\da-f:.]+\]|[a-z\d-]+(\.[a-z\d-]+)*)$/);
        expect(hostName(name)).toBe(name);
      }),
      { numRuns: 2_000 },
    );
  });

  test('every way to write a host finds its co-op, and no other', () => {
    const coops = [aCoop({ hosts: ['willow.example'] }), aCoop({ hosts: ['birch.example', 'www.birch.example'] })];
    const directory = new Directory(coops);
    const written = fc
      .record({
        host: fc.constantFrom(...coops.flatMap(({ hosts }) => hosts)),
        upper: fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }),
        dot: fc.constantFrom('', '.'),
        port: fc.oneof(
          fc.constant(''),
          fc.nat(65_535).map((port) => `:${port}`),
        ),
      })
      .map(({ host, upper, dot, port }) => ({
        host,
        header: `${Array.from(host, (char, at) => (upper[at % upper.length] === true ? char.toUpperCase() : char)).join('')}${dot}${port}`,
      }));
    fc.assert(
      fc.property(written, ({ host, header }) => {
        expect(directory.byHost(header)?.hosts).toContain(host);
        for (const wrong of [`x${header}`, `x.${header}`, `${header}x`, `${header},birch.example`, `@${header}`])
          expect(directory.byHost(wrong)).toBeUndefined();
      }),
    );
  });

  test('a hostile header takes no time', () => {
    const start = performance.now();
    for (const part of ['a.', 'a-', '-', ':', '[', ':1'])
      for (const length of [100, 259, 100_000]) hostName(part.repeat(length));
    expect(performance.now() - start).toBeLessThan(1_000);
  });
});

describe('the directory', () => {
  test('the only co-op answers on every host, whatever its hosts', () => {
    const directory = new Directory([aCoop({ slug: 'willow', hosts: ['willow.example'] })]);
    expect(['127.0.0.1:8080', 'willow.example', 'elsewhere', ''].map((host) => slugOf(directory.byHost(host)))).toEqual(
      Array.from({ length: 4 }, () => 'willow'),
    );
  });

  test('of several, each answers on its own hosts only', () => {
    const directory = new Directory([
      aCoop({ slug: 'willow', hosts: ['willow.example'] }),
      aCoop({ slug: 'birch', hosts: ['birch.example'] }),
    ]);
    expect(
      ['Willow.example.:80', 'birch.example', 'elsewhere', ''].map((host) => slugOf(directory.byHost(host))),
    ).toEqual(['willow', 'birch', undefined, undefined]);
  });

  test('a closed co-op has no hosts, and the last one that is left answers on every host', () => {
    const [willow, birch] = [aCoop({ hosts: ['willow.example'] }), aCoop({ hosts: ['birch.example'] })];
    const directory = new Directory([willow, birch, aCoop({ hosts: ['oak.example'] })]);
    directory.put({ ...birch, version: 2, status: 'closed' });
    expect(directory.byHost('birch.example')).toBeUndefined();
    expect(directory.byId(birch.coopId)?.status).toBe('closed');
    directory.put({ ...willow, version: 2, status: 'closed' });
    expect(directory.byHost('anything')?.hosts).toEqual(['oak.example']);
    expect(directory.size).toBe(3);
  });

  test('an older version never replaces a newer one', () => {
    const coop = aCoop({ version: 3, name: 'New', hosts: ['new.example'] });
    const directory = new Directory([coop, aCoop()]);
    directory.put({ ...coop, version: 2, name: 'Old', hosts: ['old.example'] });
    expect([directory.byId(coop.coopId)?.name, directory.byHost('old.example')]).toEqual(['New', undefined]);
  });

  test('a host that moves from one co-op to another belongs to the other, in whatever order the two changes arrive', () => {
    const [from, to] = [aCoop({ hosts: ['a.example', 'b.example'] }), aCoop({ hosts: ['c.example'] })];
    const changes = [
      { ...from, version: 2, hosts: ['a.example'] },
      { ...to, version: 2, hosts: ['c.example', 'b.example'] },
    ];
    for (const order of [changes, changes.toReversed()]) {
      const directory = new Directory([from, to]);
      for (const change of order) directory.put(change);
      expect(['a', 'b', 'c'].map((name) => directory.byHost(`${name}.example`)?.coopId)).toEqual([
        from.coopId,
        to.coopId,
        to.coopId,
      ]);
    }
  });

  test('50,000 co-ops are found by their hosts', () => {
    const coops = Array.from({ length: 50_000 }, (_, n) => aCoop({ slug: `c-${n}`, hosts: [`c-${n}.example`] }));
    const directory = new Directory(coops);
    expect(directory.size).toBe(50_000);
    expect([0, 25_000, 49_999].map((n) => slugOf(directory.byHost(`C-${n}.example:8080`)))).toEqual([
      'c-0',
      'c-25000',
      'c-49999',
    ]);
  });
});
