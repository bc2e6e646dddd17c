import { requireCoop } from '@homeroom/coops';
import type { CoopDatabase, Database } from '@homeroom/postgres';
import type { Principal } from '@homeroom/sessions';
import type { FastifyRequest } from 'fastify';
import { operatorsCoopId } from './coop.ts';

/** The rows of the co-op of a request. */
export const databaseOf = (request: FastifyRequest, database: Database): CoopDatabase =>
  database.ofCoop(requireCoop(request).coopId);

/** Where the account of a principal is. */
export const coopIdOf = (principal: Principal): string =>
  principal.role === 'operator' ? operatorsCoopId : principal.coopId;
