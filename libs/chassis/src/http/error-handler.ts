import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { chassisErrors, chassisProblem, Problem, type ChassisErrorCode } from './errors.ts';
import { refusedFields } from './validation.ts';

const byCode: Readonly<Record<string, ChassisErrorCode>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed_json',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed_json',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_HANDLER_TIMEOUT: 'overloaded',
};

const byStatus: Readonly<Record<number, ChassisErrorCode>> = {
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'request_timeout',
  413: 'body_too_large',
  415: 'unsupported_media_type',
  429: 'rate_limited',
  503: 'unavailable',
};

/** Answers with a problem. For hooks and handlers that need not throw it. */
export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply.code(problem.status).headers(problem.headers()).send(problem.body(reply.request.id));
}

/**
 * Makes the handler of every error that a request may end with.
 * @param unavailable recognizes errors that mean that a dependency is down: they become 503 with Retry-After, not 500.
 */
export function errorHandler(unavailable: (error: unknown) => boolean) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const problem = toProblem(error, unavailable);
    if (problem.status >= 500) {
      const level = problem.status === 500 ? 'error' : 'warn';
      request.log[level](
        { err: error, request_id: request.id, method: request.method, route: request.routeOptions.url },
        'request failed',
      );
    }
    return sendProblem(reply, problem);
  };
}

function toProblem(error: unknown, unavailable: (error: unknown) => boolean): Problem {
  if (error instanceof Problem) return error;
  if (unavailable(error)) return chassisProblem('unavailable');
  if (!(error instanceof Error)) return chassisProblem('internal');
  const { code, statusCode = 500 } = error as FastifyError;
  const errors = refusedFields(error as FastifyError);
  if (errors !== undefined) return chassisProblem('validation_failed', undefined, { errors });
  const known = isChassisCode(code) ? code : (byCode[code] ?? byStatus[statusCode]);
  if (known !== undefined) return chassisProblem(known);
  return statusCode >= 400 && statusCode < 500 ? chassisProblem('bad_request') : chassisProblem('internal');
}

/** Libs, which do not know the chassis, name its codes: `idempotency_key_reused` of libs/postgres. */
const isChassisCode = (code: string): code is ChassisErrorCode => Object.hasOwn(chassisErrors, code);
