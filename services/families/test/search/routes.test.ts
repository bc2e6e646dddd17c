import { firstCoopId } from '@homeroom/contracts';
import { transact } from '@homeroom/postgres';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startHarness, type Client, type Harness } from '../harness.ts';

let service: Harness;
let coordinator: Client;
const search = async (query: Record<string, string | number | undefined>) => {
  const parameters = Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]);
  const { status, body } = await coordinator.send('GET', `/api/families?${new URLSearchParams(parameters).toString()}`);
  return { status, body, names: status === 200 ? body.items.map(({ name }) => name) : [] };
};

beforeAll(async () => {
  service = await startHarness();
  coordinator = await service.coordinator();
  const at = (latitude: number, longitude: number) => ({ address: { latitude, longitude } });
  await service.family({
    name: 'Müller',
    ...at(44.9778, -93.265),
    children: [{ name: 'Zoë', birthDate: '2016-01-01' }],
  });
  await service.family({
    name: 'Zimmer',
    ...at(44.9537, -93.09),
    children: [{ name: 'Max Müller', birthDate: '2015-01-01' }],
  });
  await service.family({ name: 'abel', ...at(43.0731, -89.4012) });
  await service.family({ name: 'O’Brien', ...at(0, 179.95) });
  await service.family({ name: "Robert'); drop table families;--", ...at(0, -179.95) });
});
afterAll(() => service.close());

describe('GET /api/families', () => {
  test('lists by name, without regard to case and accents', async () => {
    expect((await search({})).names).toEqual([
      'abel',
      'Müller',
      'O’Brien',
      "Robert'); drop table families;--",
      'Zimmer',
    ]);
  });

  test('finds by the beginnings of names of family, guardian and child', async () => {
    expect((await search({ q: 'muller' })).names).toEqual(['Müller', 'Zimmer']);
    expect((await search({ q: 'MÜL' })).names).toEqual(['Müller', 'Zimmer']);
    expect((await search({ q: 'zo' })).names).toEqual(['Müller']);
    expect((await search({ q: 'zim max' })).names).toEqual(['Zimmer']);
    expect((await search({ q: 'ngozi' })).names).toHaveLength(5);
    expect((await search({ q: 'uller' })).names).toEqual([]);
    expect((await search({ q: '🙂' })).names).toEqual([]);
    expect((await search({ q: "'); drop" })).names).toEqual(["Robert'); drop table families;--"]);
  });

  test('does not find a name that a family no longer has', async () => {
    const client = await service.family({ name: 'Temporary' });
    await client.send('PATCH', `/api/families/${client.family.id}`, { name: 'Unsaid' });
    expect((await search({ q: 'temporary' })).names).toEqual([]);
    expect((await search({ q: 'unsaid' })).names).toEqual(['Unsaid']);
    await service.rows('delete from families where id = $1', client.family.id);
  });

  test('finds what is near, nearest first, with the distance', async () => {
    const { body, names } = await search({ near: '44.9778,-93.265,20' });
    expect(names).toEqual(['Müller', 'Zimmer']);
    expect(body.items[0].distanceKm).toBe(0);
    expect(body.items[1].distanceKm).toBeCloseTo(14.02, 1);
    expect((await search({ near: '44.9778,-93.265,500' })).names).toEqual(['Müller', 'Zimmer', 'abel']);
    expect((await search({ near: '44.9778,-93.265,500', q: 'max' })).names).toEqual(['Zimmer']);
  });

  test('looks across the antimeridian', async () => {
    expect((await search({ near: '0,179.96,20' })).names).toEqual(['O’Brien', "Robert'); drop table families;--"]);
  });

  test.each([{}, { near: '44.9778,-93.265,500' }, { q: 'ngozi' }])(
    'pages through %j without gap or repetition',
    async (query) => {
      const all = (await search(query)).names;
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const { body, names } = await search({ ...query, limit: 1, ...(cursor === undefined ? {} : { cursor }) });
        seen.push(...names);
        cursor = body.nextCursor;
      } while (cursor !== undefined);
      expect(seen).toEqual(all);
    },
  );

  test('keeps its place when families come between', async () => {
    const { body } = await search({ limit: 2 });
    const client = await service.family({ name: 'AAA' });
    const { names } = await search({ limit: 2, cursor: body.nextCursor });
    expect(names).toEqual(['O’Brien', "Robert'); drop table families;--"]);
    await service.rows('delete from families where id = $1', client.family.id);
  });

  test('refuses a cursor that was tampered with or belongs to another search', async () => {
    const cursor = String((await search({ limit: 1 })).body.nextCursor);
    const forged = Buffer.from(JSON.stringify({ question: 'x', after: ['a', 'b'] })).toString('base64url');
    for (const bad of [
      `${cursor}x`,
      `x${cursor}`,
      cursor.split('.')[0],
      `${forged}.${String(cursor.split('.')[1])}`,
      'x.y',
      '.',
    ]) {
      const { status, body } = await search({ cursor: bad ?? '' });
      expect([status, body.code]).toEqual([422, 'invalid_cursor']);
    }
    const other = await search({ cursor, q: 'muller' });
    expect([other.status, other.body.code]).toEqual([422, 'invalid_cursor']);
  });

  test.each([{ limit: 0 }, { limit: 101 }, { limit: 'x' }, { near: '91,0' }, { q: ' ' }, { page: 2 }])(
    'refuses %j',
    async (query) => {
      const { status, body } = await search(query);
      expect([status, body.code]).toEqual([422, 'validation_failed']);
      expect(body.errors[0].field).toBe(Object.keys(query)[0]);
    },
  );
});

test('every kind of search uses an index of its co-op', async () => {
  const [own, box] = [`f.coop_id = '${firstCoopId}'`, (west: number) => `'(${west + 1},11),(${west},10)'::box`];
  const plans = await transact(
    service.db,
    async (trx) => {
      const run = (name: string, text: string) => trx.query<{ 'QUERY PLAN': string }>({ name, text });
      // two co-ops of as many families as one installation has in a large city
      await run(
        'many_families',
        `insert into families (coop_id, id, version, name, location, search_words, sort_name)
         select coop_id, gen_random_uuid(), 1, n, point(n % 90, n % 80), array_to_tsvector(array['w' || n]), 'w' || n
         from generate_series(1, 5000) n, (values ('${firstCoopId}'::uuid), (gen_random_uuid())) c (coop_id)`,
      );
      // as vacuum does: until then, new words are in a list that every search reads
      await run('index_words', `select gin_clean_pending_list('families_by_words')`);
      await run('analyze_families', 'analyze families');
      const plan = async (name: string, condition: string): Promise<string> => {
        const { rows } = await run(`explain_${name}`, `explain select from families f where ${own} and ${condition}`);
        return rows.map((row) => row['QUERY PLAN']).join('\n');
      };
      return [
        await plan('words', `f.search_words @@ 'w48:*'::tsquery`),
        await plan('place', `(f.location <@ ${box(1)} or f.location <@ ${box(3)})`),
        await plan('order', `(f.sort_name, f.id) > ('w48', '${firstCoopId}') order by f.sort_name, f.id limit 3`),
      ];
    },
    { keep: () => false },
  );
  for (const [index, name] of ['families_by_words', 'families_by_place', 'families_in_order'].entries()) {
    expect(plans[index]).toContain(name);
    expect(plans[index]).toMatch(/Index Cond: \(+coop_id = \S+ AND /);
  }
});
