import { hash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

type Done = (error?: Error | null, payload?: unknown) => void;

/**
 * The last hook before an answer leaves: an ETag for JSON that was read, 304 when the client has it already, and
 * `Connection: close` once the process is draining, so that a keep-alive client goes elsewhere after this answer.
 */
export function answerHook(isDraining: () => boolean) {
  return (request: FastifyRequest, reply: FastifyReply, payload: unknown, done: Done): void => {
    if (isDraining()) reply.header('connection', 'close');
    if (request.method !== 'GET' || reply.statusCode !== 200 || typeof payload !== 'string' || !isJson(reply)) {
      done(null, payload);
      return;
    }
    let tag = reply.getHeader('etag');
    if (typeof tag !== 'string') {
      // for telling versions apart, not for security: the fastest digest will do
      tag = `W/"${hash('md5', payload, 'base64url')}"`;
      reply.header('etag', tag);
    }
    const known = request.headers['if-none-match'];
    if (known === undefined || !matches(known, tag)) {
      done(null, payload);
      return;
    }
    reply.code(304).removeHeader('content-type').removeHeader('content-length');
    done(null, '');
  };
}

const isJson = (reply: FastifyReply): boolean => {
  const type = reply.getHeader('content-type');
  return typeof type === 'string' && type.startsWith('application/json');
};

const weak = (tag: string): string => (tag.startsWith('W/') ? tag.slice(2) : tag);

/** Weak comparison, as RFC 9110 wants it for If-None-Match. */
function matches(known: string, tag: string): boolean {
  if (known === tag || known === '*') return true;
  return known.split(',').some((candidate) => weak(candidate.trim()) === weak(tag));
}
