import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { z } from 'zod';

/** A Fastify server whose schemas are zod's. */
export type ZodFastify = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

declare module 'fastify' {
  interface FastifySchema {
    /**
     * Codes of the service's error table that this route may answer beyond what every route may: they become the
     * document's responses, and an answer with any other is a bug.
     */
    problems?: readonly string[];
    /** Headers that every success of the route sends, lower case. A GET of JSON sends an ETag without being asked. */
    sends?: readonly ('etag' | 'location' | 'set-cookie')[];
    /** Media types of a body that the route parses itself, with what they hold: it is described, not validated. */
    receives?: Readonly<Record<string, z.ZodType>>;
  }
}
