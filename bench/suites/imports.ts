import { firstCoopId } from '@homeroom/contracts';
import { runNextImport, submitImport, type ImportsOptions } from '@homeroom/csv';
import { openDatabase, type Database } from '@homeroom/postgres';
import { createTestDatabase, withClient, type TestDatabase } from '@homeroom/testing';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { columnNames } from '../../services/enrollment/src/classes/columns.ts';
import type { ClassDetails } from '../../services/enrollment/src/classes/schemas.ts';
import { termsOf } from '../../services/enrollment/src/seats/terms.ts';
import { importTimetables } from '../../services/enrollment/src/timetable/import-timetables.ts';
import { insertClasses } from '../../services/enrollment/src/timetable/store.ts';
import { openPasswords } from '../../services/families/src/credentials/passwords.ts';
import { importRosters } from '../../services/families/src/roster/import-rosters.ts';
import { copyIn } from '../harness/copy.ts';
import { roundLine } from '../harness/measure.ts';
import { postmasterOf } from '../harness/postmaster.ts';
import { cpuMicrosOfTree } from '../harness/process.ts';

export interface ImportSample {
  readonly what: string;
  readonly round: number;
  readonly rowsPerSecond: number;
  /** CPU of Postgres, and of this process, for one row. */
  readonly postgresCpuMicros: number;
  readonly nodeCpuMicros: number;
}

const rows = 50_000;
const batch = 500;

const rosterHeader = 'guardian_email,guardian_name,family_name,guardian_phone,child_name,child_birth_date';
const rosterRow = (n: number): string =>
  `family${n}@example.org,Ngozi Okafor ${n},Okafor ${n},555 0100,Maya ${n},2017-04-02`;
const timetableHeader =
  'title,teacher,subject,room,weekday,start,end,first_day,last_day,age_min,age_max,capacity,price';
const timetableRow = (n: number): string =>
  `Pottery ${n},Ines Duarte ${n},art,Room ${n},tuesday,10:00,11:30,2027-01-12,2027-05-18,7,11,12,145.00`;

const fileOf = (header: string, row: (n: number) => string): Buffer =>
  Buffer.from([header, ...Array.from({ length: rows }, (_, n) => row(n)), ''].join('\n'));

/** 50,000 rows of a roster and of a timetable as jobs, against COPY of the same file into a table without an index. */
export async function measureImports(rounds: number, say: (text: string) => void): Promise<ImportSample[]> {
  const samples: ImportSample[] = [];
  const measure = async (what: string, round: number, work: () => Promise<unknown>): Promise<void> => {
    const [began, postgres, node] = [performance.now(), cpuMicrosOfTree(postmaster), process.cpuUsage()];
    await work();
    const rowsPerSecond = rows / ((performance.now() - began) / 1_000);
    const postgresCpuMicros = (cpuMicrosOfTree(postmaster) - postgres) / rows;
    const { user, system } = process.cpuUsage(node);
    const nodeCpuMicros = (user + system) / rows;
    samples.push({ what, round, rowsPerSecond, postgresCpuMicros, nodeCpuMicros });
    const figures: [number, string][] = [
      [rowsPerSecond, 'rows/s'],
      [postgresCpuMicros, 'µs of Postgres'],
      [nodeCpuMicros, 'µs of Node'],
    ];
    say(roundLine(round, what, ...figures));
  };
  const [families, enrollment] = [await open('families'), await open('enrollment')];
  const postmaster = await postmasterOf(families.url);
  try {
    const roster = fileOf(rosterHeader, rosterRow);
    const timetable = fileOf(timetableHeader, timetableRow);
    const passwords = openPasswords({ secret: '', concurrent: 2, queued: 10 });
    const rosters = importRosters({ database: families.db, passwords }, 'a secret of the bench');
    const timetables = importTimetables({
      db: enrollment.db,
      classes: { invalidate: () => Promise.resolve() },
      terms: termsOf({ ENROLL_OFFER_HOURS: 48, PAYMENT_GRACE_HOURS: 48 }),
      timeZone: 'America/Chicago',
    });
    for (let round = 1; round <= rounds; round++) {
      await families.empty('families', 'accounts', 'outbox', 'import_jobs');
      await enrollment.empty('classes', 'outbox', 'import_jobs');
      await bareCopy(families, rosterHeader, roster, (work) => measure('bare COPY of the roster', round, work));
      await measure('import the roster', round, () => runJob(rosters, roster));
      await measure('import the roster again', round, () => runJob(rosters, roster));
      await bareCopy(enrollment, timetableHeader, timetable, (work) =>
        measure('bare COPY of the timetable', round, work),
      );
      await measure('import the timetable', round, () => runJob(timetables, timetable));
      await measure('import the timetable again', round, () => runJob(timetables, timetable));
      await enrollment.empty('classes', 'outbox');
      const classes = Array.from({ length: rows }, (_, n) => classOf(n));
      await measure('only insert classes, as JSON', round, () => insertAsJson(enrollment.db, classes));
      await enrollment.empty('classes');
      await measure('only insert classes, by COPY', round, () => insertByCopy(enrollment.url, classes));
    }
    return samples;
  } finally {
    for (const opened of [families, enrollment]) await opened.close();
  }
}

interface Opened {
  readonly db: Database;
  readonly url: string;
  empty(...tables: string[]): Promise<void>;
  close(): Promise<void>;
}

async function open(service: 'families' | 'enrollment'): Promise<Opened> {
  const database: TestDatabase = await createTestDatabase(service);
  const { url } = database;
  const db = openDatabase({
    primaryUrl: url,
    replicaUrls: [],
    poolSize: 4,
    replicaPoolSize: 1,
    applicationName: 'bench',
    // it must end even on a busy machine
    statementTimeoutMs: 60_000,
  });
  return {
    ...{ db, url },
    empty: (...tables) =>
      withClient(url, async (client) => {
        await client.query(`truncate ${tables.join(', ')} cascade`);
        await client.query('vacuum analyze');
      }),
    async close() {
      await db.close();
      await database.drop();
    },
  };
}

async function runJob(
  imports: Pick<ImportsOptions, 'db' | 'sealing' | 'titleOf' | 'importFile'>,
  file: Buffer,
): Promise<void> {
  const { db, sealing } = imports;
  const request = { accountId: 'bench', idempotencyKey: randomUUID(), file, options: { preview: false } };
  await submitImport({ db: db.ofCoop(firstCoopId), sealing }, request);
  const onEvent: ImportsOptions['onEvent'] = (event) => {
    if ('error' in event) throw event.error;
  };
  await runNextImport({ ...imports, leaseMs: 600_000, pollMs: 1, onEvent }, new AbortController().signal);
}

async function bareCopy(
  { url }: Opened,
  header: string,
  file: Buffer,
  measured: (work: () => Promise<unknown>) => Promise<void>,
): Promise<void> {
  await withClient(url, async (client) => {
    const columns = header.split(',').map((name) => `"${name}" text`);
    await client.query(`drop table if exists bare; create table bare (${columns.join(', ')})`);
    await measured(() => copyIn(client, 'copy bare from stdin with (format csv, header)', [file]));
    await client.query('drop table bare');
  });
}

type NewClass = ClassDetails & { readonly id: string };

const classOf = (n: number): NewClass => ({
  id: randomUUID(),
  title: `Pottery ${n}`,
  description: '',
  subject: 'art',
  teacher: `Ines Duarte ${n}`,
  room: `Room ${n}`,
  weekday: 'tuesday',
  startTime: '10:00',
  endTime: '11:30',
  firstDay: '2027-01-12',
  lastDay: '2027-05-18',
  timeZone: 'America/Chicago',
  ageMin: 7,
  ageMax: 11,
  capacity: 12,
  priceCents: 14_500,
  currency: 'USD',
  status: 'open',
});

const batches = (classes: readonly NewClass[]): NewClass[][] =>
  Array.from({ length: classes.length / batch }, (_, n) => classes.slice(n * batch, (n + 1) * batch));

const insertAsJson = (db: Database, classes: readonly NewClass[]): Promise<void> =>
  db.ofCoop(firstCoopId).transaction(async (trx) => {
    for (const some of batches(classes)) await insertClasses(trx, some);
  });

/** The same rows by COPY into a temporary table, then one statement for each batch. */
async function insertByCopy(url: string, classes: readonly NewClass[]): Promise<void> {
  const columns = `class_id, ${columnNames}`;
  await withClient(url, async (client: pg.Client) => {
    await client.query('begin');
    await client.query(`create temporary table staged on commit drop as select ${columns} from classes limit 0`);
    for (const some of batches(classes)) {
      // no text of these has a character that COPY escapes
      const lines = some.map(({ id, ...details }) => `${[id, ...Object.values(details)].join('\t')}\n`);
      await copyIn(client, `copy staged (${columns}) from stdin`, [Buffer.from(lines.join(''))]);
      await client.query(`insert into classes (coop_id, version, ${columns}) select '${firstCoopId}', 1, ${columns} from staged
        on conflict (coop_id, title, teacher, weekday, start_time) do nothing returning class_id`);
      await client.query('truncate staged');
    }
    await client.query('commit');
  });
}
