import type { z } from 'zod';
import { classView, page, type ClassView } from './api.ts';
import type { Browser } from './browser.ts';

/** Reads every page of a list. */
export async function readAll<S extends z.ZodType>(browser: Browser, path: string, item: S): Promise<z.infer<S>[]> {
  const items: z.infer<S>[] = [];
  let cursor = '';
  do {
    const query = cursor === '' ? '' : `${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(cursor)}`;
    const answer = await browser.expect(['GET', `${path}${query}`], [200, page(item)]);
    items.push(...answer.items);
    cursor = answer.nextCursor ?? '';
  } while (cursor !== '');
  return items;
}

/** This run's classes by title, by the public search. */
export async function browseClasses(browser: Browser, run: string): Promise<Map<string, ClassView>> {
  const found = await readAll(browser, `/api/classes?q=${run}&limit=100`, classView);
  return new Map(found.filter(({ title }) => title.endsWith(` ${run}`)).map((one) => [one.title, one]));
}
