import cookie from '@fastify/cookie';
// for its types: packages that use this lib get them from its declarations
import '@fastify/cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { SessionError } from './session-error.ts';
import type { Mark, Principal, SessionStore } from './store.ts';

/** What libs/postgres asks before a read, and updates after one. */
export interface Freshness {
  readonly mark: Mark;
  advance(lsn: string): Promise<void>;
}

/** Who belongs to a co-op: everyone but operators, who see no family. */
export type Member = Exclude<Principal, { role: 'operator' }>;

/** The session of one request. */
export interface Session<P extends Principal = Member> {
  readonly token: string;
  readonly principal: P;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  /** For `database.read`. */
  readonly freshness: Freshness;
  /**
   * Call after a committed write: this session's next reads see it. Never throws: the write stands even when Redis is down.
   */
  wrote(): Promise<void>;
}

type Of<Role extends Principal['role']> = Session<Extract<Principal, { role: Role }>>;

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller's session, or undefined: one Redis round trip at the first call, none after it. */
    session(): Promise<Session<Principal> | undefined>;
    /** @private what `session()` has found; reset by sign-in and sign-out. */
    sessionFound: Promise<Session<Principal> | undefined> | undefined;
  }
  interface FastifyInstance {
    /** @private */
    sessions: SessionsOptions;
  }
}

interface SessionsOptions {
  store: SessionStore;
  /** Whose read-your-writes mark this is. */
  service: string;
  /** The co-op of a request: on its host, a session of another co-op is none. */
  coopOf: (request: FastifyRequest) => string | undefined;
  /** Whether PUBLIC_ORIGIN is https: the cookie is `__Host-homeroom` and Secure then, `homeroom` otherwise. */
  secure: boolean;
}

/** Gives every request `session()`. Await its registration before the routes. */
export const sessionsPlugin = fastifyPlugin<SessionsOptions>(
  async (app, options) => {
    await app.register(cookie, { hook: false });
    app.decorate('sessions', options);
    app.decorateRequest('sessionFound', undefined);
    app.decorateRequest('session', function session(this: FastifyRequest) {
      return (this.sessionFound ??= find(this));
    });
  },
  { name: 'sessions', fastify: '5.x' },
);

const cookieName = (secure: boolean): string => (secure ? '__Host-homeroom' : 'homeroom');

function presentedToken(request: FastifyRequest): string | undefined {
  const header = request.headers.cookie;
  if (header === undefined) return undefined;
  return request.server.parseCookie(header)[cookieName(request.server.sessions.secure)];
}

async function find(request: FastifyRequest): Promise<Session<Principal> | undefined> {
  const token = presentedToken(request);
  if (token === undefined) return undefined;
  const { store, service, coopOf } = request.server.sessions;
  const stored = await store.find(token, service);
  if (stored === undefined) return undefined;
  const { principal, createdAt, expiresAt } = stored;
  // an operator belongs to the installation
  if (principal.role !== 'operator' && principal.coopId !== coopOf(request)) return undefined;
  let { mark, writes } = stored;
  const report = (error: unknown): void => request.log.warn({ err: error }, 'storing the read-your-writes mark failed');
  return {
    token,
    principal,
    createdAt,
    expiresAt,
    freshness: {
      get mark() {
        return mark;
      },
      async advance(lsn) {
        try {
          if (await store.advance(token, service, lsn, writes)) mark = lsn as Mark;
        } catch (error) {
          report(error);
        }
      },
    },
    async wrote() {
      mark = 'primary';
      try {
        writes = await store.wrote(token, service);
      } catch (error) {
        report(error);
      }
    },
  };
}

/**
 * The session of anyone who is signed in, operators included: only for routes of the account itself.
 * @throws {SessionError} `unauthenticated` without a session.
 */
export async function requireAccount(request: FastifyRequest): Promise<Session<Principal>> {
  const session = await request.session();
  if (session === undefined) throw new SessionError('unauthenticated');
  return session;
}

/** @throws {SessionError} `unauthenticated` without a session, `forbidden_role` for an operator. */
export async function requirePrincipal(request: FastifyRequest): Promise<Session> {
  const session = await requireAccount(request);
  if (session.principal.role === 'operator') throw new SessionError('forbidden_role');
  return session as Session;
}

/** @throws {SessionError} `unauthenticated` without a session, `forbidden_role` for a guardian or an operator. */
export const requireCoordinator = (request: FastifyRequest): Promise<Of<'coordinator'>> =>
  requireRole(request, 'coordinator');

/** @throws {SessionError} `unauthenticated` without a session, `forbidden_role` for everyone in a co-op. */
export const requireOperator = (request: FastifyRequest): Promise<Of<'operator'>> => requireRole(request, 'operator');

async function requireRole<Role extends Principal['role']>(request: FastifyRequest, role: Role): Promise<Of<Role>> {
  const session = await requireAccount(request);
  if (session.principal.role !== role) throw new SessionError('forbidden_role');
  return session as Of<Role>;
}

/**
 * Signs a principal in, after its credentials were checked: a new token in the cookie, always, and an end to the
 * session that the request came with, so that a planted one is worth nothing.
 */
export async function signIn(
  request: FastifyRequest,
  reply: FastifyReply,
  principal: Principal,
): Promise<{ expiresAt: Date }> {
  const { store, secure } = request.server.sessions;
  const { token, expiresAt } = await store.create(principal, presentedToken(request));
  request.sessionFound = undefined;
  reply.setCookie(cookieName(secure), token, { path: '/', httpOnly: true, sameSite: 'lax', secure });
  return { expiresAt };
}

/** Ends the request's session, or all sessions of its account, and clears the cookie. @returns how many ended. */
export async function signOut(
  request: FastifyRequest,
  reply: FastifyReply,
  { everywhere = false } = {},
): Promise<number> {
  const { store, secure } = request.server.sessions;
  const session = await request.session();
  reply.clearCookie(cookieName(secure), { path: '/', httpOnly: true, sameSite: 'lax', secure });
  if (session === undefined) return 0;
  request.sessionFound = undefined;
  if (everywhere) return store.destroyAll(session.principal.accountId);
  return (await store.destroy(session.token)) ? 1 : 0;
}
