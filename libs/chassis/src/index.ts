export { commaList, ConfigError, loadConfig, processConfig, wholeNumber, type ProcessConfig } from './config.ts';
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
export { Health, type CheckOptions, type HealthReport, type Probe } from './health.ts';
export { Metrics } from './metrics.ts';
export { idempotencyHeaders, idempotencyKey } from './idempotency.ts';
export { decodeCursor, encodeCursor } from './pagination.ts';
export { connectRedis, redisScript, type Redis } from './redis.ts';
export { runProcess, type Shell } from './process.ts';
export { createServer, type ServerOptions, type ZodFastify } from './server.ts';
export { currentTraceparent, startTracing, withRemoteParent, type Tracing } from './tracing.ts';
