import { runProgram } from '@homeroom/testing';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { startHarness, type Harness } from '../harness.ts';

let harness: Harness;
let folder: string;
beforeAll(async () => {
  harness = await startHarness();
  folder = await mkdtemp(join(tmpdir(), 'enrollment-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await harness.close();
});

const run = (file: string, args: string[], env: Record<string, string> = { DATABASE_URL: harness.testDatabase.url }) =>
  runProgram(new URL(`../../src/${file}`, import.meta.url), args, { env });

describe('import-classes', () => {
  const timetable = [
    'title,teacher,subject,room,weekday,start,end,first_day,last_day,age_min,age_max,capacity,price',
    'Chess,Ada,games,Hall,monday,09:00,10:00,2027-01-11,2027-05-17,6,12,8,145.00',
    'Chess II,Ada,games,Hall,monday,10:00,09:00,2027-01-11,2027-05-17,6,12,8,145.00',
  ].join('\n');

  test('imports good rows, reports bad ones, and changes nothing the second time', async () => {
    const file = join(folder, 'timetable.csv');
    await writeFile(file, timetable);
    const complaint = 'line 3: end must be after the start time (09:00)\n';
    expect(await run('commands/import-classes.ts', [file])).toEqual({
      code: 0,
      out: `${complaint}1 created, 0 updated, 0 unchanged, 1 rows rejected\n`,
      err: '',
    });
    expect((await run('commands/import-classes.ts', [file])).out).toBe(
      `${complaint}0 created, 0 updated, 1 unchanged, 1 rows rejected\n`,
    );
  });

  test('names what is wrong with arguments, configuration, or file', async () => {
    expect((await run('commands/import-classes.ts', ['--help'])).out).toContain('import-classes <file.csv>');
    expect((await run('commands/import-classes.ts', [])).code).toBe(64);
    expect((await run('commands/import-classes.ts', ['--fast'])).code).toBe(64);
    expect(await run('commands/import-classes.ts', ['x.csv'], {})).toMatchObject({
      code: 78,
      err: expect.stringContaining('DATABASE_URL'),
    });
    expect((await run('commands/import-classes.ts', [join(folder, 'none.csv')])).code).toBe(1);
  });

  test('refuses to choose between several co-ops', async () => {
    const file = join(folder, 'choose.csv');
    await writeFile(file, timetable.replaceAll('Chess', 'Choice'));
    await harness.rows(
      `insert into coops select $1, version, 'oak-hill', name, hosts, time_zone, currency, locale, status, quotas, revision + 1
        from coops`,
      uuidv7(),
    );
    const { code, err } = await run('commands/import-classes.ts', [file]);
    await harness.rows(`delete from coops where slug = 'oak-hill'`);
    expect([code, err]).toEqual([64, expect.stringContaining('This installation has several co-ops.')]);
    expect(await harness.rows(`select from classes where title ~ 'Choice'`)).toEqual([]);
  });
});

describe('rebuild-read-models', () => {
  test('compares, rebuilds, and then finds no difference', async () => {
    const { id } = await harness.openClass();
    for (const child of await harness.children(2)) await harness.enroll(child, id);
    await harness.rows('update class_seats set taken = 0 where class_id = $1', id);
    expect(await run('commands/rebuild-read-models.ts', ['--check'])).toMatchObject({
      code: 1,
      out: '2 enrollments in the events; rows that differ: 0 of enrollments, 2 of classes, 0 of children\n',
    });
    expect((await run('commands/rebuild-read-models.ts', [])).code).toBe(0);
    expect(await run('commands/rebuild-read-models.ts', ['--check'])).toEqual({
      code: 0,
      out: '2 enrollments in the events; rows that differ: 0 of enrollments, 0 of classes, 0 of children\n',
      err: '',
    });
  });
});
