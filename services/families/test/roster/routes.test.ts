import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newEmail, password, startHarness, type Client, type Harness } from '../harness.ts';

let service: Harness;
let coordinator: Client;
beforeAll(async () => {
  service = await startHarness();
  coordinator = await service.coordinator();
});
afterAll(() => service.close());

const importing = (csv: string | Buffer, client = coordinator, type = 'text/csv', query = '') =>
  service.importing(csv, client, { headers: { 'content-type': type }, query });

const header = 'guardian_email,guardian_name,family_name,child_name,child_birth_date';

describe('POST /api/families/import', () => {
  test('brings families in once, however often it is run', async () => {
    const [a, b] = [newEmail(), newEmail()];
    const csv = [
      header,
      `${a},Ada,Lovelace,Byron,2016-05-12`,
      `${a},Ada,Lovelace,Anne,2018-09-22`,
      `${b},Bo,Diaz,,`,
    ].join('\r\n');
    const first = await importing(csv);
    expect([first.status, first.body]).toMatchObject([200, { created: 2, updated: 0, unchanged: 0, rejected: [] }]);
    const events = (await service.outbox()).length;
    const second = await importing(csv);
    expect(second.body).toMatchObject({ created: 0, updated: 0, unchanged: 2, rejected: [] });
    expect(await service.outbox()).toHaveLength(events);
    const [family] = (await coordinator.send('GET', '/api/families?q=lovelace')).body.items;
    expect(family).toMatchObject({
      name: 'Lovelace',
      guardians: [{ name: 'Ada', email: a }],
      children: [{ name: 'Byron' }, { name: 'Anne', birthDate: '2018-09-22' }],
    });
    expect(await service.outbox(family.id)).toMatchObject([{ type: 'homeroom.family.registered.v1' }]);
  });

  test('adds children that are new to a family that is here, and overwrites nothing', async () => {
    const { email, family } = await service.family({ children: [{ name: 'Maya', birthDate: '2017-04-02' }] });
    await service.verify(email);
    const csv = [header, `${email},X,Y,Maya,2017-04-02`, `${email},X,Y,Ben,2019-01-01`].join('\n');
    expect((await importing(csv)).body).toMatchObject({ created: 0, updated: 1, unchanged: 0, rejected: [] });
    const { body } = await coordinator.send('GET', `/api/families/${family.id}`);
    expect(body).toMatchObject({ version: 3, name: 'Okafor', children: [{ name: 'Maya' }, { name: 'Ben' }] });
  });

  test('brings in what is good and names what is bad, by line', async () => {
    const good = Array.from({ length: 4 }, newEmail);
    const csv = [
      `${header},latitude,longitude`,
      `${good[0]},G,F,Ok,2016-01-01,,`,
      `not an email,G,F,Ok,2016-01-01,,`,
      `,G,F,Ok,2016-01-01,,`,
      `x@example.org,G,F,Ok,2016-02-30,,`,
      `x@example.org,G,F,Ok,2096-01-01,,`,
      `x@example.org,G,F,Ok,,,`,
      `x@example.org,G,F,Ok,2016-01-01,91,0`,
      `x@example.org,G,F,Ok,2016-01-01,45,`,
      `x@example.org,G`,
      `${good[1]},"a ""quoted"", name",F,Ok,2016-01-01,44.9,-93.2`,
      `x@example.org,"stray" quote,F,Ok,2016-01-01,,`,
      '',
      `${good[2]},${'x'.repeat(201)},F,Ok,2016-01-01,,`,
      `${good[3]},  Zoë\u0301 ,F,Ok,2016-01-01,,`,
      `x@example.org,nul\0,F,Ok,2016-01-01,,`,
    ].join('\n');
    const { status, body } = await importing(csv);
    expect(status).toBe(200);
    expect(body.created).toBe(3);
    expect(
      (body.rejected as Record<string, unknown>[]).map(({ line, field, reason }) => ({ line, field, reason })),
    ).toEqual([
      { line: 3, field: 'guardian_email', reason: 'must be an email address, such as ngozi@example.org' },
      { line: 4, field: 'guardian_email', reason: 'is required' },
      { line: 5, field: 'child_birth_date', reason: expect.stringContaining('real day') },
      { line: 6, field: 'child_birth_date', reason: 'must not be in the future' },
      { line: 7, field: 'child_birth_date', reason: 'child_name and child_birth_date come together' },
      { line: 8, field: 'latitude', reason: 'must be between -90 and 90' },
      { line: 9, field: 'longitude', reason: 'latitude and longitude come together' },
      { line: 10, reason: expect.stringContaining('has 2 cells where the header has 7') },
      { line: 12, field: 'guardian_name', reason: expect.stringContaining('has a quote out of place') },
      { line: 14, field: 'guardian_name', reason: 'must be at most 200 characters' },
      { line: 16, field: 'guardian_name', reason: expect.stringContaining('contains control characters') },
    ]);
    const [quoted] = (await coordinator.send('GET', '/api/families?q=quoted')).body.items;
    expect(quoted).toMatchObject({
      guardians: [{ name: 'a "quoted", name' }],
      address: { latitude: 44.9, longitude: -93.2 },
    });
  });

  test('rejects a guardian whose email is a coordinator’s', async () => {
    const email = newEmail();
    await service.rows(
      `insert into accounts (id, email_address, name, role) values (gen_random_uuid(), $1, 'C', 'coordinator')`,
      email,
    );
    const { body } = await importing(`${header}\n${email},G,F,,`);
    expect(body).toMatchObject({ created: 0, rejected: [{ line: 2, field: 'guardian_email' }] });
  });

  test('rejects the children that are too many, with their lines', async () => {
    const email = newEmail();
    const rows = Array.from({ length: 22 }, (_, child) => `${email},G,F,Child ${child},2016-01-01`);
    const { body } = await importing([header, ...rows].join('\n'));
    expect(body).toMatchObject({ created: 1, rejected: [{ line: 22 }, { line: 23 }] });
    const again = await importing([header, ...rows].join('\n'));
    expect(again.body).toMatchObject({ created: 0, updated: 0, unchanged: 1, rejected: [{ line: 22 }, { line: 23 }] });
  });

  test('lets in only those who got a password', async () => {
    const [withPassword, without] = [newEmail(), newEmail()];
    const csv = `${header},password\n${withPassword},G,F,,,${password}\n${without},G,F,,,`;
    expect((await importing(csv)).body.created).toBe(2);
    await service.signIn(withPassword);
    await expect(service.signIn(without)).rejects.toThrow('401');
    await expect(service.signIn(without, '')).rejects.toThrow('422');
  });

  test('takes a file with a byte order mark and as much as 8 MiB, and no more', async () => {
    const email = newEmail();
    expect((await importing(`\ufeff${header}\n${email},G,F,,`)).body.created).toBe(1);
    const row = `${email},G,F,,\n`;
    const fits = `${header}\n${row.repeat(8_000_000 / row.length)}`;
    expect((await importing(fits)).body).toMatchObject({ code: 'unreadable_csv' });
    const large = await importing(`${header}\n${row.repeat(8_600_000 / row.length)}`);
    expect([large.status, large.body.code]).toEqual([413, 'body_too_large']);
  });

  test.each([
    ['an empty file', ''],
    ['a missing column', 'guardian_email,family_name\na@example.org,F'],
    ['a column twice', `${header},child_name\n`],
    ['bytes that are no UTF-8', Buffer.from([0xff, 0xfe, 0x41])],
  ])('refuses %s', async (_what, csv) => {
    const { status, body } = await importing(csv);
    expect([status, body.code]).toEqual([422, 'unreadable_csv']);
    expect(body.detail).toEqual(expect.any(String));
  });

  test('says where a quote was left open', async () => {
    const email = newEmail();
    const { body } = await importing(`${header}\n${email},G,F,,\n"open,G,F,,\nlost@example.org,G,F,,\n`);
    expect(body.created).toBe(1);
    expect(body.rejected).toEqual([{ line: expect.any(Number), reason: expect.stringContaining('Quote') }]);
  });

  test('is for coordinators and for CSV', async () => {
    const guardian = await service.family();
    expect((await importing(header, guardian)).body.code).toBe('forbidden_role');
    expect((await importing(header, service.anonymous)).status).toBe(401);
    expect((await importing('{}', coordinator, 'application/json')).body.code).toBe('unsupported_media_type');
  });
});
