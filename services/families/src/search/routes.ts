import { accepted, type ZodFastify } from '@homeroom/chassis';
import { requireCoordinator } from '@homeroom/sessions';
import { errors } from '../errors.ts';
import { searchOperation } from './schemas.ts';
import { searchFamilies } from './search-families.ts';

export function searchRoutes(app: ZodFastify, deps: Parameters<typeof searchFamilies>[0]): void {
  app.get('/api/families', { schema: searchOperation }, async (request) => {
    const { freshness } = await requireCoordinator(request);
    return accepted(errors, await searchFamilies(deps, { ...request.query, freshness }));
  });
}
