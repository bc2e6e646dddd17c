import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { importJob, type importReport } from './api.ts';
import type { Browser } from './browser.ts';
import { until } from './until.ts';

const timeoutMs = 120_000;

/** Sends a file to be imported, and waits for its report. */
export async function importCsv(browser: Browser, path: string, csv: string): Promise<z.infer<typeof importReport>> {
  const { id } = await browser.expect(['POST', path], [202, importJob], { csv, idempotencyKey: randomUUID() });
  const read = async (): Promise<z.infer<typeof importReport> | undefined> => {
    const { report, problem } = await browser.expect(['GET', `${path}/${id}`], [200, importJob]);
    if (problem !== undefined) throw new Error(`${path} failed: ${JSON.stringify(problem)}`);
    return report;
  };
  return until(`the report of ${path}/${id}`, read, { timeoutMs });
}
