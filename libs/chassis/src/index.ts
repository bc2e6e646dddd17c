export {
  commaList,
  commandConfig,
  ConfigError,
  databaseConfig,
  kafkaConfig,
  loadConfig,
  migrationConfig,
  processConfig,
  secret,
  url,
  wholeNumber,
  type DatabaseConfig,
  type ProcessConfig,
} from './config.ts';
export { runCommand, UsageError, type CommandDeps, type CommandOptions } from './command.ts';
export { migrateService, openServiceDatabase } from './database.ts';
export { createLogger, type Logger } from './logger.ts';
export {
  chassisErrors,
  chassisProblem,
  defineErrors,
  Problem,
  type ChassisErrorCode,
  type ErrorEntry,
  type ErrorTable,
  type FieldError,
} from './errors.ts';
export { forgetOldRows } from './forget-old-rows.ts';
export { Health, type CheckOptions, type HealthReport, type Probe } from './health.ts';
export { Metrics } from './metrics.ts';
export { earlierAnswer, idempotencyHeaders, idempotencyKey, once, type IdempotentRequest } from './idempotency.ts';
export { observeKafka } from './observe-kafka.ts';
export { observeRelay } from './observe-relay.ts';
export { readJson } from './json-body.ts';
export { decodeCursor, encodeCursor } from './pagination.ts';
export { cursorParameter, integerParameter, limitParameter } from './query.ts';
export { connectRedis, redisScript, type Redis } from './redis.ts';
export { accepted, isRefused, refused, transact, type Refused } from './refusal.ts';
export { runProcess, type Shell } from './process.ts';
export { createServer, type ServerOptions, type ZodFastify } from './server.ts';
export { foreignText, id, text } from './text.ts';
export { parse, type Issue } from './validation-messages.ts';
export { validBody } from './validation.ts';
export { isTimeZone, timeZone } from './time-zone.ts';
export { ifMatchHeaders, versionTag, wantedVersions } from './version-tag.ts';
export { currentTraceparent, startTracing, withRemoteParent, type Tracing } from './tracing.ts';
