import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { findAccount, saveCoordinator } from '../../src/accounts/store.ts';
import { newEmail, startHarness, type Harness } from '../harness.ts';

let service: Harness;
beforeAll(async () => {
  service = await startHarness();
});
afterAll(() => service.close());

const save = (email: string, passwordHash: string) =>
  saveCoordinator(service.db, { id: uuidv7(), email, name: 'Robin', passwordHash });

test('D15: every save of a coordinator publishes the account as it is', async () => {
  const email = newEmail();
  await save(email, 'one');
  const account = await findAccount(service.db, email);
  const accountId = account?.principal.accountId ?? '';
  await saveCoordinator(service.db, { id: uuidv7(), email, name: 'Robin "Bo" Okafor', passwordHash: 'one' });
  const event = { type: 'homeroom.account.coordinator-saved.v1', key: accountId };
  const published = await service.outbox(accountId);
  expect(published.map(({ type, key, data }) => ({ type, key, data }))).toEqual([
    { ...event, data: { accountId, email, name: 'Robin' } },
    { ...event, data: { accountId, email, name: 'Robin "Bo" Okafor' } },
  ]);
});

test('a coordinator is added once, and changed after that', async () => {
  const email = newEmail();
  expect(await save(email, 'one')).toBe('added');
  const before = await findAccount(service.db, email);
  expect(await save(email, 'two')).toBe('changed');
  expect(await findAccount(service.db, email)).toEqual({ ...before, passwordHash: 'two' });
});

test('a guardian stays a guardian', async () => {
  const { email, family } = await service.family();
  const before = await service.outbox();
  expect(await save(email, 'mine now')).toBeUndefined();
  expect(await service.outbox()).toEqual(before);
  expect(await findAccount(service.db, email)).toMatchObject({
    principal: { role: 'guardian', familyId: family.id },
    passwordHash: expect.stringContaining('$argon2id$'),
  });
});
