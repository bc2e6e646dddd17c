import {
  createTestDatabase,
  openStatementGuard,
  withClient,
  type StatementGuard,
  type TestDatabase,
} from '@homeroom/testing';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const schema = `
create table coops (coop_id uuid primary key, slug text not null unique);
create table classes (coop_id uuid not null, class_id uuid not null, title text not null, version int not null default 1,
  constraint classes_pkey primary key (coop_id, class_id), constraint classes_before_coops unique (class_id));
create table seats (coop_id uuid not null, class_id uuid not null, taken int not null, primary key (coop_id, class_id));
create table enrollments (coop_id uuid not null, enrollment_id uuid not null, class_id uuid not null, child_id uuid not null,
  status text not null, primary key (coop_id, enrollment_id));
create table outbox (coop_id uuid not null, sequence bigint generated always as identity primary key, payload text not null);
create table settings (name text primary key, class_id uuid);
`;

let testDatabase: TestDatabase;
let guard: StatementGuard;
beforeAll(async () => {
  testDatabase = await createTestDatabase({ migrations: [schema] }, { replica: false });
  guard = await openStatementGuard(testDatabase.url);
});
afterAll(() => testDatabase.drop());

const findings = (text: string): readonly string[] => guard({ name: 'it', text }).findings;

const good: Record<string, string> = {
  'no tenant table': `select slug from coops where slug = $1`,
  'a table without co-ops': `update settings set class_id = $2 where name = $1`,
  'an equality': `select title from classes where coop_id = $1 and class_id = $2`,
  'an equality the other way around, with a cast': `select title from classes c where $1::uuid = c.coop_id`,
  'a row equality': `select title from classes where (coop_id, class_id) = ($1, $2)`,
  'any of some ids': `select title from classes where class_id = any ($2::uuid[]) and coop_id = $1`,
  'a join by coop_id': `select from classes c join seats s on s.coop_id = c.coop_id and s.class_id = c.class_id where c.coop_id = $1`,
  'a join by rows': `select from classes c join seats s on (s.coop_id, s.class_id) = (c.coop_id, c.class_id) where s.coop_id = $1`,
  'a join using': `select taken from classes join seats using (coop_id, class_id) where coop_id = $1`,
  'a left join': `select from classes c left join seats s on s.coop_id = c.coop_id and s.class_id = c.class_id where c.coop_id = $1`,
  'a left join using': `select from classes c left join seats s using (coop_id, class_id) where c.coop_id = $1`,
  'a right join': `select from seats s right join classes c on s.coop_id = c.coop_id where c.coop_id = $1`,
  'a left join whose own condition names the co-op': `select from settings left join classes c on c.coop_id = $1 and c.class_id = settings.class_id`,
  'a comma and a where': `select from classes c, seats s where c.coop_id = s.coop_id and s.coop_id = $1`,
  'three relations in a chain': `select from classes c, seats s, enrollments e where e.coop_id = s.coop_id and s.coop_id = c.coop_id and c.coop_id = $1`,
  'a join inside the nullable side': `select from settings left join (seats s join classes c on c.coop_id = s.coop_id) on s.coop_id = $1`,
  'a correlated subquery': `select (select count(*) from enrollments e where e.coop_id = c.coop_id and e.class_id = c.class_id) from classes c where c.coop_id = $1`,
  'a subquery that names it itself': `select from settings where class_id in (select class_id from classes where coop_id = $1)`,
  'exists, and not exists': `select from classes c where coop_id = $1 and exists (select from seats s where s.coop_id = c.coop_id) and not exists (select from enrollments e where e.coop_id = $1 and e.class_id = c.class_id)`,
  'rows of a subquery': `delete from classes where (coop_id, class_id) in (select coop_id, class_id from seats where coop_id = $1 limit 10)`,
  'a scalar subquery': `select from seats where coop_id = (select c.coop_id from classes c where c.coop_id = $1 and c.class_id = $2)`,
  'a lateral subquery': `select from classes c left join lateral (select taken from seats s where s.coop_id = c.coop_id and s.class_id = c.class_id) x on true where c.coop_id = $1`,
  'a subquery in from': `select from (select c.coop_id as owner, title from classes c where c.coop_id = $1) x join seats s on s.coop_id = x.owner`,
  'ids that are unnested': `select from unnest($2::uuid[]) as given (class_id) join classes c on c.coop_id = $1 and c.class_id = given.class_id`,
  'a set of records': `select from jsonb_to_recordset($2::jsonb) as g("classId" uuid, coop_id uuid) left join classes c on c.class_id = g."classId" and c.coop_id = $1`,
  'a CTE': `with due as (select * from classes where coop_id = $1 for update) select from due join seats s on s.coop_id = due.coop_id`,
  'a CTE with column names': `with due (owner, id) as (select coop_id, class_id from classes where coop_id = $1) update seats s set taken = 0 from due where s.coop_id = due.owner and s.class_id = due.id`,
  'a CTE that hides a table': `with classes as (select 1 as class_id) select class_id from classes`,
  'a CTE that writes': `with made as (insert into classes (coop_id, class_id, title) values ($1, $2, $3) returning *) insert into seats (coop_id, class_id, taken) select coop_id, class_id, 0 from made`,
  'a recursive CTE': `with recursive chain as (select coop_id, class_id from classes where coop_id = $1 union all select c.coop_id, c.class_id from chain join classes c on c.coop_id = chain.coop_id where c.version > 9) select from chain join seats s using (coop_id, class_id)`,
  'a union': `select title from classes where coop_id = $1 union all select status from enrollments where coop_id = $1`,
  'a union in from': `select from (select coop_id from classes where coop_id = $1 union select coop_id from seats where coop_id = $1) x join enrollments e on e.coop_id = x.coop_id`,
  'what is left of another query': `select from (select coop_id from classes where coop_id = $1 except select coop_id from seats where coop_id = $1) x join enrollments e using (coop_id)`,
  'an insert of values': `insert into classes (class_id, coop_id, title) values ($2, $1, 'a'), ($3, $1, 'b')`,
  'an insert from a select': `insert into seats (coop_id, class_id, taken) select $1::uuid, g.id, 0 from unnest($2::uuid[]) as g (id)`,
  'an insert with a conflict': `insert into seats as s (coop_id, class_id, taken) values ($1, $2, 0) on conflict (coop_id, class_id) do update set taken = s.taken + excluded.taken where s.coop_id = excluded.coop_id`,
  'an insert with a named constraint': `insert into classes (coop_id, class_id, title) values ($1, $2, $3) on conflict on constraint classes_pkey do nothing`,
  'an insert that keeps what is there': `insert into classes (coop_id, class_id, title) values ($1, $2, $3) on conflict do nothing`,
  'an insert into a table without co-ops': `insert into settings select 'x', class_id from classes where coop_id = $1`,
  'an update': `update classes set title = $3 where coop_id = $1 and class_id = $2`,
  'an update from': `update classes c set title = s.taken::text from seats s where s.coop_id = $1 and c.coop_id = s.coop_id returning c.title`,
  'a delete using': `delete from seats s using classes c where c.coop_id = s.coop_id and c.coop_id = $1`,
  'an order by subquery': `select from classes c where coop_id = $1 order by (select taken from seats s where s.coop_id = c.coop_id)`,
  'a temporary table': `create temporary table copied (like classes)`,
  'every co-op': `select /* every co-op */ coop_id, class_id from classes where version > 1 for update skip locked`,
  'every co-op, joined': `with /* every co-op */ due as (select coop_id, class_id from classes limit 1) update seats s set taken = 0 from due where s.coop_id = due.coop_id and s.class_id = due.class_id returning s.coop_id`,
  'every co-op, deleted in portions': `delete /* every co-op */ from classes where (coop_id, class_id) in (select coop_id, class_id from classes limit 9)`,
  'every co-op, with ids from outside': `delete /* every co-op */ from outbox where sequence = any ($1::bigint[])`,
  'every co-op, in two queries': `select /* every co-op */ count(*) from classes union all select count(*) from seats`,
  'every co-op, a whole table': `lock table classes in share mode /* every co-op */`,
  'every co-op, inserted as it is': `insert /* every co-op */ into seats select * from seats where taken > 9`,
  'every co-op, inserted for each': `insert /* every co-op */ into seats (coop_id, class_id, taken) select coop_id, class_id, 0 from classes`,
};

const bad: Record<string, readonly [text: string, ...findings: string[]]> = {
  nothing: [`select title from classes`, 'the coop_id of classes is equal to no parameter'],
  'an id alone': [
    `select title from classes c where c.class_id = $1`,
    'the coop_id of classes c is equal to no parameter',
  ],
  'a constant': [
    `select from classes where coop_id = '00000000-0000-7000-8000-000000000001'`,
    'the coop_id of classes',
  ],
  'an inequality': [`select from classes where coop_id >= $1`, 'the coop_id of classes'],
  'any of some co-ops': [`select from classes where coop_id = any ($1::uuid[])`, 'the coop_id of classes'],
  'a list of co-ops': [`select from classes where coop_id in ($1, $2)`, 'the coop_id of classes'],
  'an alternative': [`select from classes where coop_id = $1 or class_id = $2`, 'the coop_id of classes'],
  'the opposite': [`select from classes where not (coop_id = $1)`, 'the coop_id of classes'],
  'a condition in the select list': [`select coop_id = $1 from classes`, 'the coop_id of classes'],
  'a row comparison that is no equality': [
    `select from classes where (coop_id, class_id) > ($1, $2)`,
    'the coop_id of classes',
  ],
  'a row in the wrong order': [
    `select from classes where (class_id, coop_id) = ($1, class_id)`,
    'the coop_id of classes',
  ],
  'a co-op found by its slug': [
    `select from classes c join coops k on k.coop_id = c.coop_id where k.slug = $1`,
    'the coop_id of classes c',
  ],
  'a join without it': [
    `select from classes c join seats s on s.class_id = c.class_id where c.coop_id = $1`,
    'the coop_id of seats s',
  ],
  'a join using the id alone': [
    `select from classes c join seats s using (class_id) where c.coop_id = $1`,
    'the coop_id of seats s',
  ],
  'two relations that are equal only to each other': [
    `select from classes c join seats s using (coop_id, class_id)`,
    'the coop_id of classes c',
    'the coop_id of seats s',
  ],
  'the kept side of a left join': [
    `select from classes c left join seats s on s.coop_id = c.coop_id and c.coop_id = $1`,
    'the coop_id of classes c',
    'the coop_id of seats s',
  ],
  'the kept side of a left join, by the other': [
    `select from classes c left join seats s on s.coop_id = c.coop_id and s.coop_id = $1`,
    'the coop_id of classes c',
  ],
  'a full join': [
    `select from classes c full join seats s on s.coop_id = c.coop_id where c.coop_id = $1`,
    'the coop_id of seats s',
  ],
  'a subquery': [`select from settings where class_id in (select class_id from classes)`, 'the coop_id of classes'],
  'a subquery that is joined by its id': [
    `select (select count(*) from seats s where s.class_id = c.class_id) from classes c where coop_id = $1`,
    'the coop_id of seats s',
  ],
  'what a limit has chosen among all': [
    `delete from classes where coop_id = $1 and (coop_id, class_id) in (select coop_id, class_id from seats limit 5)`,
    'the coop_id of seats',
  ],
  'an outer query that only exists names': [
    `select from classes c where exists (select from seats s where s.coop_id = c.coop_id and s.coop_id = $1)`,
    'the coop_id of classes c',
  ],
  'not exists': [
    `select from classes where coop_id = $1 and not exists (select from seats where seats.class_id = classes.class_id)`,
    'the coop_id of seats',
  ],
  'a lateral subquery': [
    `select from classes c, lateral (select taken from seats where class_id = c.class_id) s where c.coop_id = $1`,
    'the coop_id of seats',
  ],
  'a CTE': [
    `with due as (select coop_id, class_id from classes) select from due join seats s using (coop_id, class_id) where s.coop_id = $1`,
    'the coop_id of classes',
  ],
  'a CTE that nobody reads': [
    `with deleted as (delete from seats where class_id = $2) select from classes where coop_id = $1`,
    'the coop_id of seats',
  ],
  'a CTE that is joined by its id': [
    `with due as (select * from classes where coop_id = $1) select from due join seats s on s.class_id = due.class_id`,
    'the coop_id of seats s',
  ],
  'a CTE of the same name as what is deleted': [
    `with classes as (select 1) delete from classes`,
    'the coop_id of classes',
  ],
  'a CTE whose column only sounds like it': [
    `with due as (select class_id as coop_id from classes where coop_id = $1) select from due join seats s on s.coop_id = due.coop_id`,
    'the coop_id of seats s',
  ],
  'one half of a union': [
    `select title from classes where coop_id = $1 union all select status from enrollments`,
    'the coop_id of enrollments',
  ],
  'a union of which one half is another co-op’s': [
    `select from (select coop_id from classes where coop_id = $1 union select coop_id from coops) x join seats s using (coop_id)`,
    'the coop_id of seats s',
  ],
  'ids and co-ops from outside': [
    `select from unnest($1::uuid[], $2::uuid[]) as g (coop_id, id) join classes c on c.coop_id = g.coop_id and c.class_id = g.id`,
    'the coop_id of classes c',
  ],
  'an insert without columns': [
    `insert into seats select * from seats where coop_id = $1`,
    'seats: the insert lists no columns',
  ],
  'an insert without the column': [
    `insert into seats (class_id, taken) values ($1, 0)`,
    'seats: the insert gives no coop_id',
  ],
  'an insert of one row of two': [
    `insert into seats (coop_id, class_id, taken) values ($1, $2, 0), (gen_random_uuid(), $2, 0)`,
    'the coop_id of seats, into which is inserted',
  ],
  'an insert of the default': [
    `insert into seats (coop_id, class_id, taken) values (default, $1, 0)`,
    'the coop_id of seats, into which is inserted',
  ],
  'an insert from a record': [
    `insert into seats (coop_id, class_id, taken) select g.coop_id, g.id, 0 from jsonb_to_recordset($1::jsonb) as g (coop_id uuid, id uuid)`,
    'the coop_id of seats, into which is inserted',
  ],
  'an insert from another table': [
    `insert into seats (coop_id, class_id, taken) select $1, c.class_id, 0 from classes c`,
    'the coop_id of classes c',
  ],
  'a conflict on the id alone': [
    `insert into classes (coop_id, class_id, title) values ($1, $2, $3) on conflict (class_id) do nothing`,
    'classes: the target of on conflict has no coop_id',
  ],
  'a conflict on a constraint without it': [
    `insert into classes (coop_id, class_id, title) values ($1, $2, $3) on conflict on constraint classes_before_coops do nothing`,
    'classes: the target of on conflict has no coop_id',
  ],
  'a subquery of a conflict': [
    `insert into seats (coop_id, class_id, taken) values ($1, $2, 0) on conflict (coop_id, class_id) do update set taken = (select max(version) from classes)`,
    'the coop_id of classes',
  ],
  'an update': [`update classes set title = $2 where class_id = $1`, 'the coop_id of classes'],
  'an update from': [
    `update classes c set title = 'x' from seats s where s.coop_id = $1 and c.class_id = s.class_id`,
    'the coop_id of classes c',
  ],
  'an update that moves a row': [
    `update classes set coop_id = $2 where coop_id = $1`,
    'classes: a row never changes its coop_id',
  ],
  'a delete': [`delete from classes`, 'the coop_id of classes'],
  'a delete using': [
    `delete from seats s using classes c where c.class_id = s.class_id and c.coop_id = $1`,
    'the coop_id of seats s',
  ],
  'a merge': [
    `merge into seats s using classes c on c.coop_id = s.coop_id when matched then delete`,
    'the coop_id of seats',
    'the coop_id of classes',
  ],
  'a lock': [`lock table classes in share mode`, 'the coop_id of classes'],
  'two parameters': [
    `select from classes c join seats s on s.class_id = c.class_id and s.coop_id = $2 where c.coop_id = $1`,
    'the co-op is named by $1 and $2',
  ],
  'every co-op, joined without it': [
    `select /* every co-op */ from classes c join seats s on s.class_id = c.class_id`,
    'c and s are not joined by coop_id',
  ],
  'every co-op, joined to a CTE without it': [
    `with /* every co-op */ due as (select coop_id, class_id from classes) update seats s set taken = 0 from due where s.class_id = due.class_id`,
    's and due are not joined by coop_id',
  ],
  'every co-op, inserted into the first': [
    `insert /* every co-op */ into seats (class_id, taken) select class_id, 0 from classes`,
    'seats: the insert gives no coop_id',
  ],
  'every co-op, for one': [
    `select /* every co-op */ title from classes where coop_id = $1`,
    'it is about one co-op. Remove the comment',
  ],
  'every co-op, joined through a table of which nothing is known': [
    `select /* every co-op */ from classes c join pg_locks l on l.pid = c.version join seats s using (class_id)`,
    'c and l and s are not joined by coop_id',
  ],
};

describe('accepts', () => {
  test.each(Object.entries(good))('%s', (_, text) => {
    expect(findings(text)).toEqual([]);
  });
});

describe('refuses', () => {
  test.each(Object.entries(bad))('%s', (_, [text, ...expected]) => {
    expect(findings(text)).toEqual(expected.map((finding) => expect.stringContaining(`it: ${finding}`)));
  });
});

test('Postgres itself accepts all of these statements', async () => {
  const texts = [...Object.values(good), ...Object.values(bad).map(([text]) => text)];
  await withClient(testDatabase.url, async (client) => {
    await client.query('begin; create temporary table rebuilt (like classes)');
    for (const text of texts) {
      // only some kinds can be prepared; a deallocated one has planned its text and run nothing
      const isPrepared = /^(select|with|insert|update|delete|merge)/.test(text);
      await client.query(isPrepared ? `prepare it as ${text}; deallocate it` : `savepoint it; ${text}; rollback to it`);
    }
  });
});

test('knows which statements look over every co-op, and which use no rows of co-ops at all', () => {
  const [one, all, none] = [
    `select from classes where coop_id = $1`,
    `select /* every co-op */ from classes`,
    `select /* every co-op */ from coops`,
  ].map((text) => guard({ name: 'it', text }));
  expect(one).toEqual({ overEveryCoop: false, usesTenants: true, findings: [] });
  expect(all).toEqual({ overEveryCoop: true, usesTenants: true, findings: [] });
  expect(none).toEqual({ overEveryCoop: true, usesTenants: false, findings: [] });
});

test('a temporary table joins by its coop_id like any other', () => {
  const joined = (on: string): readonly string[] =>
    findings(
      `select /* every co-op */ from classes c left join rebuilt r on ${on} left join seats s on s.coop_id = r.coop_id`,
    );
  expect(joined('r.coop_id = c.coop_id and r.class_id = c.class_id')).toEqual([]);
  expect(joined('r.class_id = c.class_id')).toEqual(['it: c and r and s are not joined by coop_id.']);
});

test('a statement that Postgres cannot parse is an error', () => {
  expect(() => findings('selekt 1')).toThrow('syntax error');
});
