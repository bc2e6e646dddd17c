import { z } from 'zod';
import type { importReport } from '../client/api.ts';
import { Browser, type Traffic } from '../client/browser.ts';
import { importCsv } from '../client/import-csv.ts';
import type { Cast } from './cast.ts';

export interface CoordinatorAccount {
  readonly email: string;
  readonly password: string;
}

/** A coordinator's browser, signed in. */
export async function signInCoordinator(
  gateway: URL,
  address: string | undefined,
  traffic: Traffic,
  account: CoordinatorAccount,
): Promise<Browser> {
  const browser = new Browser(gateway, address, traffic);
  const signedIn = z.looseObject({ principal: z.looseObject({ role: z.literal('coordinator') }) });
  await browser.expect(['POST', '/api/sessions'], [201, signedIn], { body: account, harmless: true });
  return browser;
}

/** Imports the timetable, again without effect, and once more with a bad row, which is reported and affects no other. */
export async function openTerm(browser: Browser, { timetable, classCount }: Cast): Promise<void> {
  const send = (csv: string) => importCsv(browser, '/api/classes/import', csv);
  expectReport('the first import', await send(timetable), { created: classCount, unchanged: 0, rejected: 0 });
  expectReport('the second import', await send(timetable), { created: 0, unchanged: classCount, rejected: 0 });
  const lines = timetable.trimEnd().split('\r\n');
  const bad = (lines.at(-1) ?? '').replace(/,(\d+\.\d\d),/, ',-$1,');
  const report = await send([...lines, bad, ''].join('\r\n'));
  expectReport('the import with a bad row', report, { created: 0, unchanged: classCount, rejected: 1 });
  const [row] = report.rejected;
  if (row?.line !== lines.length + 1 || row.reason === '') {
    throw new Error(`the bad row is line ${lines.length + 1}; the report says ${JSON.stringify(row)}`);
  }
}

function expectReport(
  what: string,
  { created, unchanged, rejected }: z.infer<typeof importReport>,
  expected: { created: number; unchanged: number; rejected: number },
): void {
  const got = { created, unchanged, rejected: rejected.length };
  if (JSON.stringify(got) !== JSON.stringify(expected)) {
    throw new Error(`${what} should report ${JSON.stringify(expected)}, got ${JSON.stringify({ ...got, rejected })}`);
  }
}
