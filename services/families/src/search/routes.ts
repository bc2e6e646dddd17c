import { accepted, type ZodFastify } from '@homeroom/chassis';
import type { Database } from '@homeroom/postgres';
import { requireCoordinator } from '@homeroom/sessions';
import { errors } from '../errors.ts';
import { parseNear } from './near.ts';
import { familyPage, familyQuery } from './schemas.ts';
import { searchFamilies } from './search-families.ts';

export function searchRoutes(app: ZodFastify, deps: { database: Database; cursorSecret: string }): void {
  app.get(
    '/api/families',
    {
      schema: {
        tags: ['families'],
        summary: 'Search families (coordinators)',
        querystring: familyQuery,
        response: { 200: familyPage },
        problems: ['unauthenticated', 'forbidden_role'],
      },
    },
    async (request) => {
      const { freshness } = await requireCoordinator(request);
      const { near, ...query } = request.query;
      const place = near === undefined ? undefined : parseNear(near);
      return accepted(errors, await searchFamilies(deps, { ...query, near: place, freshness }));
    },
  );
}
