export { openDatabase, type Database } from './database.ts';
export { ofCoop, type CoopDatabase } from './coop-database.ts';
export type { CoopQueryable, CoopTransaction, Freshness, Queryable, Statement, Transaction } from './queryable.ts';
export type { DatabaseEvent } from './events.ts';
export { isExclusionViolation, isUnavailable, isUniqueViolation } from './errors.ts';
export { transact } from './transact.ts';
export { purgeExpiredRows } from './purge-expired-rows.ts';
export { commandDatabase, migrateService, openServiceDatabase } from './service-database.ts';
export { openConnection, type Connection } from './connection.ts';
export { poolSize } from './pool-size.ts';
export { migrate } from './migrate.ts';
export {
  claimCte,
  claimParameters,
  earlierAnswer,
  hashRequest,
  isKeyTaken,
  once,
  purgeIdempotencyKeys,
  type IdempotentRequest,
} from './idempotency.ts';
