import { accepted, type ZodFastify } from '@homeroom/chassis';
import type { Database } from '@homeroom/postgres';
import { requireCoordinator } from '@homeroom/sessions';
import { databaseOf } from '../coops/own-coop.ts';
import { errors } from '../errors.ts';
import { searchOperation } from './schemas.ts';
import { searchFamilies } from './search-families.ts';

interface SearchDeps {
  readonly database: Database;
  readonly cursorSecret: string;
}

export function searchRoutes(app: ZodFastify, { database, cursorSecret }: SearchDeps): void {
  app.get('/api/families', { schema: searchOperation }, async (request) => {
    const { freshness } = await requireCoordinator(request);
    const db = databaseOf(request, database);
    return accepted(errors, await searchFamilies({ db, cursorSecret }, { ...request.query, freshness }));
  });
}
