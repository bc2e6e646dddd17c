export {
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
  type ProcessConfig,
} from './wiring/config.ts';
export { runCommand, UsageError, type CommandDeps, type CommandOptions } from './process/command.ts';
export { createLogger, type Logger } from './wiring/logger.ts';
export { chassisErrors, chassisProblem, defineErrors, Problem } from './http/errors.ts';
export { Health } from './wiring/health.ts';
export { Metrics } from './wiring/metrics.ts';
export { idempotencyHeaders } from './http/idempotency.ts';
export { readJson } from './http/json-body.ts';
export { decodeCursor, encodeCursor, page, pageOf } from './http/pagination.ts';
export { cursorParameter, integerParameter, limitParameter } from './http/query.ts';
export { accepted, isRefused, refused, type Refused } from './http/refusal.ts';
export { runJob } from './process/job.ts';
export { runProcess, type Shell } from './process/process.ts';
export { createServer } from './http/server.ts';
export type { ZodFastify } from './http/zod-fastify.ts';
export { currency, minorDigits } from './http/currency.ts';
export { foreignText, id, paragraphs, text } from './http/text.ts';
export { parse } from './wiring/validation-messages.ts';
export { validBody } from './http/validation.ts';
export { isTimeZone, timeZone } from './http/time-zone.ts';
export { ifMatchHeaders, versionTag, wantedVersions } from './http/version-tag.ts';
export { withRemoteParent } from './wiring/tracing.ts';
