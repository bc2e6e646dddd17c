import { firstCoopId } from '@homeroom/contracts';
import { openSessions, type SessionStore } from '@homeroom/sessions';
import { createTestDatabase, runProgram } from '@homeroom/testing';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newEmail, password, startHarness, type Harness } from '../harness.ts';

let service: Harness;
let folder: string;
let passwordFile: string;
beforeAll(async () => {
  service = await startHarness();
  folder = await mkdtemp(join(tmpdir(), 'families-'));
  passwordFile = join(folder, 'password');
  await writeFile(passwordFile, `${password}\n`);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await service.close();
});

const run = (
  file: string,
  args: string[],
  env: Record<string, string> = { DATABASE_URL: service.testDatabase.url, REDIS_SESSIONS_URL: service.sessionsUrl },
  input = '',
) => runProgram(new URL(`../../src/${file}`, import.meta.url), args, { env, input });

/** The commands' own sessions: they put no prefix before their keys. */
const commandSessions = (): SessionStore => openSessions({ redis: service.redis });

describe('add-coordinator', () => {
  const add = (email: string, file = passwordFile, input = '') =>
    run(
      'commands/add-coordinator.ts',
      ['--email', email, '--name', 'Robin', '--password-file', file],
      undefined,
      input,
    );

  test('adds one that can sign in', async () => {
    const email = newEmail();
    expect(await add(email)).toEqual({ code: 0, out: `added ${email}\n`, err: '' });
    expect((await (await service.signIn(email)).send('GET', '/api/families')).status).toBe(200);
  });

  test('D15: every run publishes the account, also when nothing changes', async () => {
    const email = newEmail();
    for (const input of [password, password, 'another long password']) await add(email, '-', input);
    const [row] = await service.rows('select id from accounts where email_address = $1', email);
    const accountId = String(row?.['id']);
    const published = await service.outbox(accountId);
    const saved = published.filter(({ type }) => type === 'homeroom.account.coordinator-saved.v1');
    expect(saved.map(({ data }) => data)).toEqual(Array(3).fill({ accountId, email, name: 'Robin' }));
  }, 30_000);

  test('S3: a changed password ends every session of the account, the same password none', async () => {
    const email = newEmail();
    await add(email);
    const [row] = await service.rows('select id from accounts where email_address = $1', email);
    const accountId = String(row?.['id']);
    const sessions = commandSessions();
    const { token } = await sessions.create({ accountId, role: 'coordinator', coopId: firstCoopId });
    expect((await add(email)).out).toContain('kept');
    expect(await sessions.find(token)).toBeDefined();
    const changed = await add(email, '-', 'another long password\n');
    expect(changed).toEqual({ code: 0, out: `changed ${email}; 1 sessions ended\n`, err: '' });
    expect(await sessions.find(token)).toBeUndefined();
    await service.signIn(email, 'another long password');
    await expect(service.signIn(email)).rejects.toThrow('401');
  }, 30_000);

  test('S3: without Redis the old password stays, so that the next run ends the sessions too', async () => {
    const email = newEmail();
    await add(email);
    const env = { DATABASE_URL: service.testDatabase.url, REDIS_SESSIONS_URL: 'redis://127.0.0.1:1' };
    const args = ['--email', email, '--name', 'Robin', '--password-file', '-'];
    expect((await run('commands/add-coordinator.ts', args, env, 'another long password')).code).toBe(1);
    await service.signIn(email);
  }, 30_000);

  test('does not make a coordinator of a guardian', async () => {
    const { email } = await service.family();
    const { code, err } = await add(email);
    expect([code, err]).toEqual([1, expect.stringContaining('guardian')]);
  });

  test('waits for the schema as long as SCHEMA_WAIT_MS says, and not at all by default', async () => {
    const empty = await createTestDatabase({ migrations: [] });
    try {
      const args = ['--email', newEmail(), '--name', 'Robin', '--password-file', passwordFile];
      const addTo = (env: Record<string, string>) =>
        run('commands/add-coordinator.ts', args, {
          DATABASE_URL: empty.url,
          REDIS_SESSIONS_URL: service.sessionsUrl,
          ...env,
        });
      const refused = await addTo({});
      expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('run the service')]);
      const waiting = addTo({ SCHEMA_WAIT_MS: '60000' });
      expect((await run('migrate.ts', [], { DATABASE_MIGRATION_URL: empty.url })).code).toBe(0);
      expect((await waiting).code).toBe(0);
    } finally {
      await empty.drop();
    }
  }, 60_000);

  test('explains what is missing', async () => {
    const args = ['--email', 'x', '--password-file', '-'];
    const { code, err } = await run('commands/add-coordinator.ts', args, undefined, 'short');
    expect(code).toBe(64);
    for (const option of ['--email', '--name', '--password']) expect(err).toContain(`${option}:`);
  });

  test('refuses the name of its owner as the password', async () => {
    const args = ['--email', newEmail(), '--name', 'Róbin Okafor', '--password-file', '-'];
    const { code, err } = await run('commands/add-coordinator.ts', args, undefined, 'robin-okafor');
    expect([code, err]).toEqual([64, expect.stringContaining('--password: must not be your own name')]);
  });
});

describe('of several co-ops', () => {
  const birch = '00000000-0000-7000-8000-00000000b1c4';
  beforeAll(() =>
    service.rows(
      `insert into coops
      (coop_id, version, slug, name, hosts, time_zone, currency, locale, status, quotas, revision)
      values ($1, 1, 'birch', 'Birch Lane', '{}', 'Europe/London', 'GBP', 'en-GB', 'open', '{}', 1000)`,
      birch,
    ),
  );
  afterAll(async () => {
    for (const table of ['account_tokens', 'accounts', 'families', 'outbox', 'coops'])
      await service.rows(`delete from ${table} where coop_id = $1`, birch);
  });
  const coopsOf = async (email: string): Promise<string[]> => {
    const text = 'select c.slug from accounts a join coops c using (coop_id) where a.email_address = $1 order by slug';
    return (await service.rows<{ slug: string }>(text, email)).map(({ slug }) => slug);
  };
  const passwordOf = async (email: string, coopId: string): Promise<unknown> =>
    (
      await service.rows('select password_hash from accounts where email_address = $1 and coop_id = $2', email, coopId)
    )[0];

  test('a command works on the one that --coop names, and asks for it', async () => {
    const email = newEmail();
    const args = ['--email', email, '--name', 'Robin', '--password-file', passwordFile];
    const unnamed = await run('commands/add-coordinator.ts', args);
    expect([unnamed.code, unnamed.err]).toEqual([64, expect.stringContaining('Name one: --coop <slug>')]);
    const unknown = await run('commands/add-coordinator.ts', [...args, '--coop', 'oak']);
    expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining('There is no co-op "oak"')]);
    expect(await coopsOf(email)).toEqual([]);
    for (const slug of ['birch', 'homeroom'])
      expect((await run('commands/add-coordinator.ts', [...args, '--coop', slug])).out).toBe(`added ${email}\n`);
    expect(await coopsOf(email)).toEqual(['birch', 'homeroom']);

    const before = [await passwordOf(email, firstCoopId), await passwordOf(email, birch)];
    const setting = ['--email', email, '--password-file', '-', '--coop', 'birch'];
    expect((await run('commands/set-password.ts', setting, undefined, 'another long password')).code).toBe(0);
    expect(await passwordOf(email, firstCoopId)).toEqual(before[0]);
    expect(await passwordOf(email, birch)).not.toEqual(before[1]);
  }, 60_000);

  test('a roster is imported into the one that --coop names', async () => {
    const [email, path] = [newEmail(), join(folder, 'birch.csv')];
    await writeFile(path, `guardian_email,guardian_name,family_name\n${email},Ngozi,Okafor\n`);
    expect((await run('commands/import-families.ts', [path])).code).toBe(64);
    const imported = await run('commands/import-families.ts', [path, '--coop', 'birch']);
    expect(imported.out).toContain('1 created');
    expect(await coopsOf(email)).toEqual(['birch']);
  }, 60_000);

  test('an operator is of none, and has a password set on any', async () => {
    const email = newEmail();
    const args = ['--email', email, '--name', 'Ada', '--password-file', passwordFile];
    const refused = await run('commands/add-operator.ts', [...args, '--coop', 'birch']);
    expect([refused.code, refused.err]).toEqual([64, expect.stringContaining('operators belong to the installation')]);
    expect((await run('commands/add-operator.ts', args)).out).toBe(`added ${email}\n`);
    const setting = ['--email', email, '--password-file', '-', '--coop', 'birch'];
    expect((await run('commands/set-password.ts', setting, undefined, 'another long password')).code).toBe(0);
    expect(await coopsOf(email)).toEqual(['homeroom']);
    await service.signIn(email, 'another long password');
  }, 60_000);
});

describe('add-operator', () => {
  const add = (email: string, secret = password) =>
    run('commands/add-operator.ts', ['--email', email, '--name', 'Ada', '--password-file', '-'], undefined, secret);

  test('adds one that sees co-ops and no family, keeps one that has the password, and publishes nothing', async () => {
    const email = newEmail();
    const before = (await service.outbox()).length;
    expect(await add(email)).toEqual({ code: 0, out: `added ${email}\n`, err: '' });
    expect((await add(email)).out).toContain('kept');
    expect(await service.outbox()).toHaveLength(before);
    const operator = await service.signIn(email);
    expect((await operator.send('GET', '/api/coops')).status).toBe(200);
    expect((await operator.send('GET', '/api/families')).body.code).toBe('forbidden_role');
  }, 30_000);

  test('does not make an operator of anyone in a co-op, nor a coordinator of an operator', async () => {
    const { email } = await service.family();
    expect(await add(email)).toMatchObject({ code: 1, err: expect.stringContaining('guardian') });
    const operator = newEmail();
    await add(operator);
    const args = ['--email', operator, '--name', 'Robin', '--password-file', passwordFile];
    expect(await run('commands/add-coordinator.ts', args)).toMatchObject({
      code: 1,
      err: expect.stringContaining('operator'),
    });
  }, 30_000);
});

describe('coops', () => {
  const coops = (...args: string[]) => run('commands/coops.ts', args);

  test('lists, shows, configures, suspends, and resumes', async () => {
    expect(await coops('list')).toEqual({ code: 0, out: 'homeroom\topen\tHomeroom Co-op\t\n', err: '' });
    const configured = await coops(
      ...['configure', 'homeroom', '--name', 'Willow', '--hosts', 'Willow.example,w.example'],
      ...['--time-zone', 'America/Chicago', '--quotas', '{"families":400}'],
    );
    expect(JSON.parse(configured.out)).toMatchObject({
      name: 'Willow',
      hosts: ['willow.example', 'w.example'],
      timeZone: 'America/Chicago',
      quotas: { families: 400 },
    });
    expect(JSON.parse((await coops('suspend', 'homeroom')).out)).toMatchObject({ status: 'suspended' });
    expect(JSON.parse((await coops('resume', 'homeroom')).out)).toMatchObject({ status: 'open' });
    const cleared = await coops('configure', 'homeroom', '--name', 'Homeroom Co-op', '--hosts', '');
    expect(JSON.parse((await coops('show', 'homeroom')).out)).toEqual(JSON.parse(cleared.out));
  }, 60_000);

  test('explains what is wrong', async () => {
    expect(await coops('show', 'nobody')).toMatchObject({ code: 1, err: 'nobody: There is no such co-op.\n' });
    for (const args of [[], ['close', 'homeroom'], ['suspend'], ['configure', 'homeroom']])
      expect((await coops(...args)).code).toBe(64);
    const { code, err } = await coops('configure', 'homeroom', '--time-zone', 'CST', '--quotas', '{');
    expect([code, err]).toEqual([64, expect.stringContaining('--quotas is not JSON')]);
    expect((await coops('configure', 'homeroom', '--time-zone', 'CST')).err).toContain('Unknown time zone "CST"');
  }, 60_000);
});

test.each(['add-coordinator', 'add-operator', 'set-password'])(
  'S19: %s takes no password on its command line and names the way that it takes',
  async (command) => {
    const args = ['--email', newEmail(), '--password', password];
    const { code, out, err } = await run(`commands/${command}.ts`, args);
    expect([code, out]).toEqual([64, '']);
    expect(err).toContain('--password-file');
    expect(err).not.toContain(password);
  },
);

test('set-password lets an account sign in with the new password only, and ends its sessions', async () => {
  const { email, family } = await service.family();
  const accountId = family.guardians[0].id;
  const sessions = commandSessions();
  const { token } = await sessions.create({ accountId, role: 'guardian', coopId: firstCoopId, familyId: family.id });
  const args = ['--email', email, '--password-file', '-'];
  const done = await run('commands/set-password.ts', args, undefined, 'another password\r\n');
  expect(done).toEqual({ code: 0, out: `${email} has a new password; 1 sessions ended\n`, err: '' });
  expect(await sessions.find(token)).toBeUndefined();
  await service.signIn(email, 'another password');
  await expect(service.signIn(email)).rejects.toThrow('401');
});

describe('import-families', () => {
  test('imports a file and lists its bad rows', async () => {
    const file = join(folder, 'roster.csv');
    await writeFile(file, `guardian_email,guardian_name,family_name\n${newEmail()},G,F\nbad,G,F\n`);
    const bad = 'line 3: guardian_email must be an email address, such as ngozi@example.org (bad)\n';
    const first = await run('commands/import-families.ts', [file]);
    expect(first).toEqual({ code: 0, out: `${bad}1 created, 0 updated, 0 unchanged, 1 rows rejected\n`, err: '' });
  });

  test('prints its usage', async () => {
    const help = await run('commands/import-families.ts', ['--help'], {});
    expect(help).toMatchObject({ code: 0, err: '' });
    expect(help.out).toContain('guardian_email');
  });

  test('names what its configuration lacks', async () => {
    const { code, err } = await run('commands/import-families.ts', ['roster.csv'], {});
    expect([code, err]).toEqual([78, expect.stringContaining('DATABASE_URL')]);
  });
});

describe('migrate', () => {
  const migrate = (url: string, env: Record<string, string> = {}) =>
    run('migrate.ts', [], { DATABASE_MIGRATION_URL: url, ...env });

  test('gives the first co-op the settings of the configuration, once', async () => {
    const empty = await createTestDatabase({ migrations: [] });
    try {
      const env = { COOP_SLUG: 'willow-creek', COOP_NAME: 'Willow Creek', TIME_ZONE: 'America/Chicago' };
      expect((await migrate(empty.url, env)).code).toBe(0);
      expect((await migrate(empty.url, { COOP_NAME: 'Another' })).code).toBe(0);
      const listed = await run('commands/coops.ts', ['show', 'willow-creek'], { DATABASE_URL: empty.url });
      expect(JSON.parse(listed.out)).toMatchObject({
        ...{ name: 'Willow Creek', timeZone: 'America/Chicago', currency: 'USD', locale: 'en-US', version: 1 },
      });
      expect((await migrate(empty.url, { TIME_ZONE: 'CST' })).code).toBe(78);
    } finally {
      await empty.drop();
    }
  }, 60_000);

  test('finds nothing to do on a database that is up to date', async () => {
    const { code, out } = await migrate(service.testDatabase.url);
    expect(code).toBe(0);
    expect(out).toContain('"applied":0');
  });

  test('exits 75 when another try may succeed', async () => {
    const url = new URL(service.testDatabase.url);
    url.pathname = '/not-made-yet';
    const { code, out } = await migrate(url.href);
    expect([code, out]).toEqual([75, expect.stringContaining('not-made-yet')]);
  });

  test('exits 1 when none can', async () => {
    const other = await createTestDatabase({ migrations: ['create table anything (id int)'] });
    try {
      const { code, out } = await migrate(other.url);
      expect([code, out]).toEqual([1, expect.stringContaining('make the change a new migration')]);
    } finally {
      await other.drop();
    }
  });

  test('exits 78 without DATABASE_MIGRATION_URL', async () => {
    const { code, out } = await migrate('');
    expect([code, out]).toEqual([78, expect.stringContaining('DATABASE_MIGRATION_URL')]);
  });
});
