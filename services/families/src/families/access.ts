import { requirePrincipal, type Session } from '@homeroom/sessions';
import type { FastifyRequest } from 'fastify';
import { errors } from '../errors.ts';

/**
 * Admits guardians to their own family and coordinators to every family. For all others the family does not exist.
 * @throws {Problem} `unauthenticated`, `family_not_found`
 */
export async function requireFamily(request: FastifyRequest, familyId: string): Promise<Session> {
  const session = await requirePrincipal(request);
  const { principal } = session;
  if (principal.role === 'guardian' && principal.familyId !== familyId) throw errors.problem('family_not_found');
  return session;
}
