import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSeed, seedFolder, toCsv } from '@homeroom/journey';
import type { ServiceDatabases } from '../engines/databases.ts';
import { runOnce } from '../processes/run-once.ts';
import type { Progress } from '@homeroom/terminal';
import { commandOf, type ServiceWorld } from '../services/services.ts';
import type { Account } from './stack-file.ts';

/** Families of the roster that a fresh house is shown with; the journey brings all of them, into a house of its own. */
const SHOWN_FAMILIES = 40;

export interface SeedOptions {
  coordinator: Account;
  guardian: Account;
  gateway: string;
  progress: Progress;
}

/** Makes the coordinator's account. Called at every start: it changes nothing when the account is there. */
export async function ensureCoordinator({
  world,
  databases,
  coordinator,
}: {
  world: ServiceWorld;
  databases: ServiceDatabases;
  coordinator: Account;
}): Promise<void> {
  const flags = ['--email', coordinator.email, '--name', 'Robin Okafor', '--password-file', '-'];
  await runOnce(
    'Making the coordinator’s account',
    commandOf(world, 'families', databases.families, 'commands/add-coordinator.ts', flags),
    coordinator.password,
  );
}

/**
 * Fills an empty house by the coordinators' own imports: families first and classes last, so that a seed that was broken off
 * is begun again, which is safe: an import that runs twice changes nothing.
 */
export async function seed({ coordinator, guardian, gateway, progress }: SeedOptions): Promise<void> {
  if (await hasClasses(gateway)) return;
  await progress.step('Seeding a co-op', async () => {
    const cookie = await signIn(gateway, coordinator);
    await importCsv(`${gateway}/api/families/import`, cookie, roster(guardian.password));
    await importCsv(`${gateway}/api/classes/import`, cookie, readFileSync(join(seedFolder, 'classes.csv'), 'utf8'));
  });
}

async function hasClasses(gateway: string): Promise<boolean> {
  const { items } = (await (await expectStatus(200, fetch(`${gateway}/api/classes?limit=1`))).json()) as {
    items: unknown[];
  };
  return items.length > 0;
}

async function signIn(gateway: string, account: Account): Promise<string> {
  const { email, password } = account;
  const response = await expectStatus(
    201,
    fetch(`${gateway}/api/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password }),
    }),
  );
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');
}

async function importCsv(url: string, cookie: string, body: string): Promise<void> {
  const response = await expectStatus(
    200,
    fetch(url, { method: 'POST', headers: { 'content-type': 'text/csv', cookie }, body }),
  );
  const { rejected } = (await response.json()) as { rejected: unknown[] };
  if (rejected.length > 0)
    throw new Error(`${url} rejected ${rejected.length} rows of the seed, the first: ${JSON.stringify(rejected[0])}`);
}

async function expectStatus(status: number, request: Promise<Response>): Promise<Response> {
  const response = await request;
  if (response.status === status) return response;
  throw new Error(`${response.url} answered ${response.status} instead of ${status}: ${await response.text()}`);
}

/** The first families of the co-op's roster, who can all sign in with one password. */
function roster(password: string): string {
  const rows = readSeed('families.csv');
  const shown = new Set([...new Set(rows.map((row) => row['guardian_email']))].slice(0, SHOWN_FAMILIES));
  const lines = rows.filter((row) => shown.has(row['guardian_email'])).map((row) => [...Object.values(row), password]);
  return toCsv([[...Object.keys(rows[0] ?? {}), 'password'], ...lines]);
}

/** The first guardian of the seed: the account a person signs in with to look at a family's side. */
export function firstGuardianEmail(): string {
  return readSeed('families.csv')[0]?.['guardian_email'] ?? '';
}
