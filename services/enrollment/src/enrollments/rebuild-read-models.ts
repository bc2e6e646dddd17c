import type { Database, Transaction } from '@homeroom/postgres';
import { apply, type Enrollment, type EnrollmentEvent } from '../seats/enrollment.ts';
import { slotJson } from '../seats/slots.ts';
import { columnNames, rowOf } from '../seats/store.ts';

/** How many rows differed from the events. */
export interface Differences {
  readonly enrollments: number;
  readonly classes: number;
  readonly children: number;
}

const pageSize = 2_000;

/**
 * Derives the read models of all co-ops from the events: `enrollments`, the counters of `class_seats`, the busy hours of
 * `children`. Compares them with what is stored, and with `write` replaces it; enrolling waits meanwhile.
 * @returns how many enrollments the events hold, and how many rows differed.
 */
export async function rebuildReadModels(
  { db }: { db: Database },
  { write }: { write: boolean },
): Promise<{ enrollments: number; differences: Differences }> {
  return db.transaction(
    async (trx) => {
      if (write) {
        const text =
          'lock /* every co-op */ table classes, class_seats, enrollments, children in share row exclusive mode';
        await trx.query({ name: 'rebuild_lock', text });
      }
      const enrollments = await replay(trx);
      const differences = await compare(trx);
      if (write) await replace(trx);
      return { enrollments, differences };
    },
    // one snapshot for everything that is compared; under the lock, each statement sees the same anyway
    { isolation: write ? 'read committed' : 'repeatable read' },
  );
}

interface Entry {
  readonly version: number;
  readonly type: EnrollmentEvent['type'];
  readonly data: Omit<EnrollmentEvent, 'type'>;
  readonly at: string;
}

/** Folds the history, page by page, into a temporary table. */
async function replay(trx: Transaction): Promise<number> {
  await trx.query({
    name: 'rebuild_table',
    text: 'create temporary table rebuilt (like enrollments including defaults) on commit drop',
  });
  const nil = '00000000-0000-0000-0000-000000000000';
  let [count, after] = [0, { coopId: nil, id: nil }];
  for (let more = true; more;) {
    const { rows } = await trx.query<{ coopId: string; id: string; history: Entry[] }>({
      name: 'rebuild_history',
      text: `select /* every co-op */ coop_id as "coopId", enrollment_id as id, json_agg(
          json_build_object('version', version, 'type', type, 'data', data, 'at', occurred_at) order by version
        ) as history
        from enrollment_events where (coop_id, enrollment_id) > ($1::uuid, $2::uuid)
        group by coop_id, enrollment_id order by coop_id, enrollment_id limit ${pageSize}`,
      values: [after.coopId, after.id],
    });
    await trx.query({
      name: 'rebuild_insert',
      text: 'insert into rebuilt select * from jsonb_populate_recordset(null::rebuilt, $1::jsonb)',
      values: [JSON.stringify(rows.map((row) => ({ coop_id: row.coopId, ...rowOf(fold(row)) })))],
    });
    count += rows.length;
    more = rows.length === pageSize;
    after = rows.at(-1) ?? after;
  }
  return count;
}

function fold({ id, history }: { id: string; history: readonly Entry[] }): Enrollment {
  let state: Enrollment | undefined;
  for (const { version, type, data, at } of history) {
    // the table's two columns are one value of the union
    state = apply(id, state, { ...data, type } as EnrollmentEvent, new Date(at));
    if (state.version !== version) throw new Error(`enrollment ${id} has no event ${state.version}`);
  }
  if (state === undefined) throw new Error(`enrollment ${id} has no events`);
  return state;
}

const counters = `select /* every co-op */ c.coop_id, c.class_id,
    count(r.class_id) filter (where r.status in ('payment_pending', 'enrolled', 'offered'))::int as taken,
    count(r.class_id) filter (where r.status = 'waitlisted')::int as waitlisted,
    coalesce((select max((h.data ->> 'waitlistNumber')::int) from enrollment_events h
      where h.coop_id = c.coop_id and h.type = 'waitlisted' and (h.data ->> 'classId')::uuid = c.class_id), 0
    ) as last_number
  from classes c left join rebuilt r on r.coop_id = c.coop_id and r.class_id = c.class_id
  group by c.coop_id, c.class_id`;

const busyHours = `select /* every co-op */ ch.coop_id, ch.child_id,
    coalesce(jsonb_agg(${slotJson('c')} order by c.class_id) filter (where c.class_id is not null), '[]') as slots
  from children ch
  left join rebuilt r on r.coop_id = ch.coop_id and r.child_id = ch.child_id and r.status in ('payment_pending', 'enrolled')
  left join classes c on c.coop_id = r.coop_id and c.class_id = r.class_id
  group by ch.coop_id, ch.child_id`;

const keptHours = `select /* every co-op */ coop_id, child_id, (
    select coalesce(jsonb_agg(s order by (s ->> 'classId')::uuid), '[]') from jsonb_array_elements(slots) s) as slots
  from children`;

const differing = (a: string, b: string): string =>
  `(select count(*)::int from ((${a} except ${b}) union (${b} except ${a})) difference)`;

async function compare(trx: Transaction): Promise<Differences> {
  const { rows } = await trx.query<Differences>({
    name: 'rebuild_compare',
    text: `select ${differing('select /* every co-op */ * from enrollments', 'select * from rebuilt')} as enrollments,
      ${differing('select coop_id, class_id, taken, waitlisted, last_number from class_seats', counters)} as classes,
      ${differing(keptHours, busyHours)} as children`,
  });
  return rows[0] ?? { enrollments: 0, classes: 0, children: 0 };
}

async function replace(trx: Transaction): Promise<void> {
  await trx.query({ name: 'rebuild_clear', text: 'delete /* every co-op */ from enrollments' });
  const names = `coop_id, ${columnNames}`;
  await trx.query({
    name: 'rebuild_fill',
    text: `insert /* every co-op */ into enrollments (${names}) select ${names} from rebuilt`,
  });
  await trx.query({
    name: 'rebuild_classes',
    text: `update /* every co-op */ class_seats s set taken = n.taken, waitlisted = n.waitlisted, last_number = n.last_number
      from (${counters}) n where n.coop_id = s.coop_id and n.class_id = s.class_id
        and (n.taken, n.waitlisted, n.last_number) <> (s.taken, s.waitlisted, s.last_number)`,
  });
  await trx.query({
    name: 'rebuild_children',
    text: `update /* every co-op */ children set slots = n.slots from (${busyHours}) n
      where n.coop_id = children.coop_id and n.child_id = children.child_id and n.slots <> children.slots`,
  });
}
