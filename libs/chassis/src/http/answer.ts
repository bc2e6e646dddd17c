import { hash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

type Done = (error?: Error | null, payload?: unknown) => void;

/**
 * The last hook before a response is sent. Adds an ETag to JSON that was read, adds the content's digest to a version's tag,
 * answers 304 when the client has the content already, and closes keep-alive connections while the process is draining.
 */
export function answerHook(isDraining: () => boolean) {
  return (request: FastifyRequest, reply: FastifyReply, payload: unknown, done: Done): void => {
    if (isDraining()) reply.header('connection', 'close');
    const reads = request.method === 'GET' || request.method === 'HEAD';
    const given = reply.getHeader('etag');
    const wantsTag =
      typeof given === 'string' ? reply.statusCode !== 204 : reads && reply.statusCode === 200 && isJson(reply);
    if (typeof payload !== 'string' || !wantsTag) {
      done(null, payload);
      return;
    }
    const tag = tagOf(payload, typeof given === 'string' ? given : undefined);
    reply.header('etag', tag);
    const known = request.headers['if-none-match'];
    if (!reads || known === undefined || !matches(known, tag)) {
      done(null, payload);
      return;
    }
    reply.code(304).removeHeader('content-type').removeHeader('content-length');
    done(null, '');
  };
}

/** Distinguishes contents and is no security measure: the fastest digest will do. */
function tagOf(payload: string, given: string | undefined): string {
  if (given !== undefined && !/^"\d+"$/.test(given)) return given;
  const digest = hash('md5', payload, 'base64url');
  return given === undefined ? `W/"${digest}"` : `${given.slice(0, -1)}-${digest}"`;
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
