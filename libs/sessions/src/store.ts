import { chassisProblem } from '@homeroom/chassis';
import { redisScript, type Redis } from '@homeroom/redis';
import { createHash, randomBytes } from 'node:crypto';
import { sessionsEndedChannel } from './ended.ts';
import {
  advanceScript,
  aliveScript,
  createScript,
  datesScript,
  destroyAllScript,
  destroyOthersScript,
  destroyScript,
  findScript,
  wroteScript,
} from './scripts.ts';

export type Principal =
  | { readonly accountId: string; readonly role: 'guardian'; readonly familyId: string }
  | { readonly accountId: string; readonly role: 'coordinator' };

/** Where reads may go: `any` replica, only the `primary`, or a replica that has replayed this LSN. */
export type Mark = 'any' | 'primary' | `${string}/${string}`;

/** A session as one service sees it. */
export interface StoredSession {
  readonly principal: Principal;
  readonly createdAt: Date;
  /** When it ends whatever happens; idleness ends it sooner. */
  readonly expiresAt: Date;
  /** The service's read-your-writes mark. */
  readonly mark: Mark;
  /** How many writes the session has made in the service; guards `advance`. */
  readonly writes: number;
}

/** A session in a list of one's own: without its token, which cannot be recovered. */
export interface SessionSummary {
  /** Distinguishes sessions; opens nothing. */
  readonly id: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/**
 * Every method throws the Problem `sessions_unavailable` (503) when Redis does not answer in time. A session that is ended
 * by `create`, `destroy`, `destroyAll` or `destroyOthers` is announced on `sessionsEndedChannel` in the same step.
 */
export interface SessionStore {
  /**
   * Starts a session.
   * @param replacing a token that the client presented: it ends in the same step, even if an attacker planted it.
   */
  create(principal: Principal, replacing?: string): Promise<{ token: string; expiresAt: Date }>;
  /** One round trip. Also extends the idle expiry. */
  find(token: string, service?: string): Promise<StoredSession | undefined>;
  /** @returns whether there was such a session. */
  destroy(token: string): Promise<boolean>;
  /** Ends every session of an account. @returns how many there were. */
  destroyAll(accountId: string): Promise<number>;
  /** Ends every session of an account except the one of `keepToken`, as after a password change. @returns how many. */
  destroyOthers(accountId: string, keepToken: string): Promise<number>;
  /** Which of these tokens have a session now. One round trip; does not extend the idle expiry. */
  alive(tokens: readonly string[]): Promise<Set<string>>;
  list(accountId: string): Promise<SessionSummary[]>;
  /** Notes a committed write: reads go to the primary until `advance`. @returns the new count of writes. */
  wrote(token: string, service: string): Promise<number>;
  /**
   * Narrows the mark to an LSN, unless the session has written again since `writes` was read or the mark is further on.
   * @returns whether it was taken.
   */
  advance(token: string, service: string, lsn: string, writes: number): Promise<boolean>;
  /** What a list calls the session of this token. */
  idOf(token: string): string;
}

const digest = (token: string): string => createHash('sha256').update(token).digest('base64url');

/** 256 random bits in base64url. Anything else is refused without asking Redis. */
const looksLikeToken = (token: string): boolean => /^[\w-]{43}$/.test(token);

/**
 * Sessions in Redis. A token is 256 random bits and only its SHA-256 is stored, so that a copy of Redis opens nothing.
 * @param redis opened by `connectRedis`: its commands are bounded in time. The instance must not evict.
 * @param idleSeconds without a request for this long it ends.
 * @param absoluteSeconds it ends this long after sign-in, whatever happens.
 */
export function openSessions({
  redis,
  keyPrefix = '',
  idleSeconds = 1_800,
  absoluteSeconds = 43_200,
}: {
  redis: Redis;
  keyPrefix?: string;
  idleSeconds?: number;
  absoluteSeconds?: number;
}): SessionStore {
  const prefix = `${keyPrefix}session:`;
  const sessionKey = (token: string): string => prefix + digest(token);
  const accountKey = (accountId: string): string => `${keyPrefix}account:${accountId}`;
  const channel = sessionsEndedChannel(keyPrefix);
  const idleMs = idleSeconds * 1_000;

  const prepare = (script: string) => {
    const run = redisScript(redis, script);
    return (keys: string[], args: (string | number)[]): Promise<unknown> => orUnavailable(run(keys, args));
  };
  const createHashed = prepare(createScript);
  const findHashed = prepare(findScript);
  const destroyHashed = prepare(destroyScript);
  const destroyAllHashed = prepare(destroyAllScript);
  const destroyOthersHashed = prepare(destroyOthersScript);
  const aliveHashed = prepare(aliveScript);
  const markWritten = prepare(wroteScript);
  const advanceMark = prepare(advanceScript);
  const readDates = prepare(datesScript);

  return {
    async create(principal, replacing) {
      const token = randomBytes(32).toString('base64url');
      const now = Date.now();
      const expiresAt = now + absoluteSeconds * 1_000;
      const replaced = replacing !== undefined && looksLikeToken(replacing) ? replacing : undefined;
      await createHashed(
        [sessionKey(token), accountKey(principal.accountId)],
        [
          principal.accountId,
          principal.role,
          principal.role === 'guardian' ? principal.familyId : '',
          now,
          expiresAt,
          Math.min(idleMs, absoluteSeconds * 1_000),
          replaced === undefined ? '' : sessionKey(replaced),
          `${keyPrefix}account:`,
          channel,
          replaced === undefined ? '' : publicId(digest(replaced)),
        ],
      );
      return { token, expiresAt: new Date(expiresAt) };
    },

    async find(token, service = '') {
      if (!looksLikeToken(token)) return undefined;
      return readSession(await findHashed([sessionKey(token)], [service, Date.now(), idleMs]));
    },

    async destroy(token) {
      if (!looksLikeToken(token)) return false;
      const id = publicId(digest(token));
      return (await destroyHashed([sessionKey(token)], [`${keyPrefix}account:`, channel, id])) === 1;
    },

    async destroyAll(accountId) {
      return Number(await destroyAllHashed([accountKey(accountId)], [channel, accountId]));
    },

    async destroyOthers(accountId, keepToken) {
      const keep = looksLikeToken(keepToken) ? sessionKey(keepToken) : '';
      const args = [channel, accountId, keep, prefix, publicIdLength];
      return Number(await destroyOthersHashed([accountKey(accountId)], args));
    },

    async alive(tokens) {
      const real = tokens.filter(looksLikeToken);
      if (real.length === 0) return new Set();
      const answers = (await aliveHashed(real.map(sessionKey), [])) as number[];
      return new Set(real.filter((_, index) => answers[index] === 1));
    },

    async list(accountId) {
      const keys = await orUnavailable(redis.zrangebyscore(accountKey(accountId), Date.now(), '+inf'));
      const sessions = await Promise.all(keys.map(async (key) => [key, await readDates([key], [])] as const));
      return sessions.flatMap(([key, fields]) => {
        const [createdAt, expiresAt] = fields as [string | null, string | null];
        if (createdAt === null || expiresAt === null) return [];
        return [
          {
            id: publicId(key.slice(prefix.length)),
            createdAt: new Date(Number(createdAt)),
            expiresAt: new Date(Number(expiresAt)),
          },
        ];
      });
    },

    async wrote(token, service) {
      return Number(await markWritten([sessionKey(token)], [service]));
    },

    async advance(token, service, lsn, writes) {
      return (await advanceMark([sessionKey(token)], [service, lsn, writes])) === 1;
    },

    idOf: (token) => publicId(digest(token)),
  };
}

/** Half of the hash: enough to distinguish sessions, and not the key under which one is stored. */
const publicIdLength = 16;
const publicId = (hash: string): string => hash.slice(0, publicIdLength);

async function orUnavailable<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    const problem = chassisProblem('sessions_unavailable');
    problem.cause = error;
    throw problem;
  }
}

function readSession(reply: unknown): StoredSession | undefined {
  if (!Array.isArray(reply)) return undefined;
  const [accountId, role, familyId, created, expires, mark, writes] = reply as (string | null)[];
  if (accountId == null || created == null || expires == null) return undefined;
  const principal: Principal | undefined =
    role === 'guardian' && familyId != null
      ? { accountId, role, familyId }
      : role === 'coordinator'
        ? { accountId, role }
        : undefined;
  if (principal === undefined) return undefined;
  return {
    principal,
    createdAt: new Date(Number(created)),
    expiresAt: new Date(Number(expires)),
    mark: (mark ?? 'any') as Mark,
    writes: Number(writes ?? 0),
  };
}
