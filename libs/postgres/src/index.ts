export { openDatabase, type Database, type DatabaseOptions, type PoolStats } from './database.ts';
export type { Freshness, Queryable, Result, Statement, Transaction } from './queryable.ts';
export type { Isolation } from './transaction.ts';
export type { DatabaseEvent, OnEvent, Role } from './events.ts';
export { DatabaseUnavailableError, isUnavailable, isUniqueViolation, sqlState, UnknownOutcomeError } from './errors.ts';
export { earlierAnswer, once, type IdempotentRequest } from './once.ts';
export { transact } from './transact.ts';
export { purgeExpiredRows } from './purge-expired-rows.ts';
export { commandDatabase, migrateService, openServiceDatabase } from './service-database.ts';
export { openConnection, type Connection, type ConnectionOptions } from './connection.ts';
export { checkConnectionBudget, poolSize } from './pool-size.ts';
export { migrate, type MigrateEvent, type MigrateOptions } from './migrate.ts';
export { checkSchema } from './check-schema.ts';
export { waitForSchema, type SchemaWaitOptions } from './wait-for-schema.ts';
export {
  claimCte,
  claimIdempotencyKey,
  claimParameters,
  findIdempotentResponse,
  purgeIdempotencyKeys,
  hashRequest,
  IdempotencyMismatchError,
  idempotencyTable,
  isKeyTaken,
  storeIdempotentResponse,
  type Claim,
  type IdempotencyKey,
} from './idempotency.ts';
