import { type Browser, importCsv, readSeed, seedFolder, signInCoordinator, toCsv } from '@homeroom/journey';
import type { Progress } from '@homeroom/terminal';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceDatabases } from '../engines/databases.ts';
import { runOnce } from '../processes/run-once.ts';
import { commandOf, type ServiceWorld } from '../services/services.ts';
import type { Account } from './stack-file.ts';

/** The number of families in a fresh database. */
const SHOWN_FAMILIES = 40;

export interface SeedOptions {
  coordinator: Account;
  guardian: Account;
  gateway: string;
  progress: Progress;
}

/** Creates the coordinator's account, unless it exists. */
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
    'Creating the coordinator’s account',
    commandOf(world, 'families', databases.families, 'commands/add-coordinator.ts', flags),
    coordinator.password,
  );
}

/**
 * Fills an empty database through the coordinators' imports, classes last: without classes an interrupted seed starts again,
 * and a second import changes nothing.
 */
export async function seed({ coordinator, guardian, gateway, progress }: SeedOptions): Promise<void> {
  const traffic = { requests: 0, repeated: 0, rateLimited: [] };
  const browser = await signInCoordinator(new URL(gateway), undefined, traffic, coordinator);
  try {
    if (await hasClasses(browser)) return;
    await progress.step('Seeding a co-op', async () => {
      await importAll(browser, '/api/families/import', roster(guardian.password));
      await importAll(browser, '/api/classes/import', readFileSync(join(seedFolder, 'classes.csv'), 'utf8'));
    });
  } finally {
    browser.close();
  }
}

async function hasClasses(browser: Browser): Promise<boolean> {
  const { body } = await browser.send('GET', '/api/classes?limit=1');
  return (body as { items: unknown[] }).items.length > 0;
}

async function importAll(browser: Browser, path: string, csv: string): Promise<void> {
  const { rejected } = await importCsv(browser, path, csv);
  if (rejected.length > 0)
    throw new Error(`${path} rejected ${rejected.length} rows of the seed, the first: ${JSON.stringify(rejected[0])}`);
}

/** The first families of the seed, with one password for all. */
function roster(password: string): string {
  const rows = readSeed('families.csv');
  const shown = new Set([...new Set(rows.map((row) => row['guardian_email']))].slice(0, SHOWN_FAMILIES));
  const lines = rows.filter((row) => shown.has(row['guardian_email'])).map((row) => [...Object.values(row), password]);
  return toCsv([[...Object.keys(rows[0] ?? {}), 'password'], ...lines]);
}

/** The account with which a person sees a family's side. */
export function firstGuardianEmail(): string {
  return readSeed('families.csv')[0]?.['guardian_email'] ?? '';
}
