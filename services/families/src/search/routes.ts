import type { ZodFastify } from '@homeroom/chassis';
import { requireCoordinator } from '@homeroom/sessions';
import type { Deps } from '../app.ts';
import { parseNear } from './near.ts';
import { familyPage, familyQuery } from './schemas.ts';
import { searchFamilies } from './search-families.ts';

export function searchRoutes(app: ZodFastify, { config, database }: Deps): void {
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
      const { q, near, limit, cursor } = request.query;
      const place = near === undefined ? undefined : parseNear(near);
      return searchFamilies(database, freshness, { q, near: place, limit, cursor }, config.CURSOR_SECRET);
    },
  );
}
