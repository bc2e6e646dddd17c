import { firstCoopId } from '@homeroom/contracts';
import { redisScript, type Redis, type RedisScript } from '@homeroom/redis';
import { createHash, randomBytes } from 'node:crypto';
import { sessionsEndedChannel } from './ended.ts';
import { scripts } from './scripts.ts';
import { SessionError } from './session-error.ts';

export type Principal =
  | { readonly accountId: string; readonly role: 'guardian'; readonly coopId: string; readonly familyId: string }
  | { readonly accountId: string; readonly role: 'coordinator'; readonly coopId: string }
  | { readonly accountId: string; readonly role: 'operator' };

/** Where reads may go: `any` replica, only the `primary`, or a replica that has replayed this LSN. */
export type Mark = 'any' | 'primary' | `${string}/${string}`;

/** A session as one service sees it. */
export interface StoredSession {
  readonly principal: Principal;
  readonly createdAt: Date;
  /** When it ends at the latest; idleness ends it sooner. */
  readonly expiresAt: Date;
  /** The service's read-your-writes mark. */
  readonly mark: Mark;
  /** How many writes the session has made in the service; guards `advance`. */
  readonly writes: number;
}

const digest = (token: string): string => createHash('sha256').update(token).digest('base64url');

/** 256 random bits in base64url. Anything else is refused without asking Redis. */
const looksLikeToken = (token: string): boolean => /^[\w-]{43}$/.test(token);

interface SessionOptions {
  /** Opened by `connectRedis`: its commands are bounded in time. The instance must not evict. */
  readonly redis: Redis;
  readonly keyPrefix?: string;
  /** A session ends after this long without a request. */
  readonly idleSeconds?: number;
  /** A session ends this long after sign-in at the latest. */
  readonly absoluteSeconds?: number;
}

/** Opens the sessions in Redis. A token is 256 random bits and only its SHA-256 is stored: a copy of Redis opens nothing. */
export const openSessions = (options: SessionOptions): SessionStore => new SessionStore(options);

/**
 * Every method throws a SessionError `sessions_unavailable` when Redis does not answer in time. A session that is ended by
 * `create`, `destroy`, `destroyAll`, or `destroyOthers` is announced on `sessionsEndedChannel` in the same step.
 */
export class SessionStore {
  readonly #redis: Redis;
  readonly #prefix: string;
  readonly #accountPrefix: string;
  readonly #channel: string;
  readonly #idleMs: number;
  readonly #absoluteMs: number;
  readonly #scripts: Readonly<Record<keyof typeof scripts, RedisScript>>;

  constructor({ redis, keyPrefix = '', idleSeconds = 1_800, absoluteSeconds = 43_200 }: SessionOptions) {
    this.#redis = redis;
    this.#prefix = `${keyPrefix}session:`;
    this.#accountPrefix = `${keyPrefix}account:`;
    this.#channel = sessionsEndedChannel(keyPrefix);
    this.#idleMs = idleSeconds * 1_000;
    this.#absoluteMs = absoluteSeconds * 1_000;
    this.#scripts = prepare(redis);
  }

  /**
   * Starts a session.
   * @param replacing a token that the client presented: it ends in the same step, even if an attacker planted it.
   */
  async create(principal: Principal, replacing?: string): Promise<{ token: string; expiresAt: Date }> {
    const token = randomBytes(32).toString('base64url');
    const now = Date.now();
    const expiresAt = now + this.#absoluteMs;
    const replaced = replacing !== undefined && looksLikeToken(replacing) ? replacing : undefined;
    await this.#scripts.create(
      [this.#sessionKey(token), this.#accountPrefix + principal.accountId],
      [
        principal.accountId,
        principal.role,
        principal.role === 'guardian' ? principal.familyId : '',
        now,
        expiresAt,
        Math.min(this.#idleMs, this.#absoluteMs),
        replaced === undefined ? '' : this.#sessionKey(replaced),
        this.#accountPrefix,
        this.#channel,
        replaced === undefined ? '' : this.idOf(replaced),
        principal.role === 'operator' ? '' : principal.coopId,
      ],
    );
    return { token, expiresAt: new Date(expiresAt) };
  }

  /** One round trip. Also extends the idle expiry. */
  async find(token: string, service = ''): Promise<StoredSession | undefined> {
    if (!looksLikeToken(token)) return undefined;
    return readSession(await this.#scripts.find([this.#sessionKey(token)], [service, Date.now(), this.#idleMs]));
  }

  /** @returns whether there was such a session. */
  async destroy(token: string): Promise<boolean> {
    if (!looksLikeToken(token)) return false;
    const args = [this.#accountPrefix, this.#channel, this.idOf(token)];
    return (await this.#scripts.destroy([this.#sessionKey(token)], args)) === 1;
  }

  /** Ends every session of an account. @returns how many there were. */
  async destroyAll(accountId: string): Promise<number> {
    return Number(await this.#scripts.destroyAll([this.#accountPrefix + accountId], [this.#channel, accountId]));
  }

  /** Ends every session of an account except the one of `keepToken`, as after a password change. @returns how many. */
  async destroyOthers(accountId: string, keepToken: string): Promise<number> {
    const keep = looksLikeToken(keepToken) ? this.#sessionKey(keepToken) : '';
    const args = [this.#channel, accountId, keep, this.#prefix, publicIdLength];
    return Number(await this.#scripts.destroyOthers([this.#accountPrefix + accountId], args));
  }

  /** Which of these tokens have a session now. One round trip; does not extend the idle expiry. */
  async alive(tokens: readonly string[]): Promise<Set<string>> {
    const real = tokens.filter(looksLikeToken);
    if (real.length === 0) return new Set();
    const answers = (await this.#scripts.alive(real.map(this.#sessionKey), [])) as number[];
    return new Set(real.filter((_, index) => answers[index] === 1));
  }

  /** Without tokens, which cannot be recovered; an id distinguishes sessions and opens nothing. */
  async list(accountId: string): Promise<{ id: string; createdAt: Date; expiresAt: Date }[]> {
    const account = this.#accountPrefix + accountId;
    const keys = await orUnavailable(this.#redis.zrangebyscore(account, Date.now(), '+inf'));
    const sessions = await Promise.all(keys.map(async (key) => [key, await this.#scripts.dates([key], [])] as const));
    return sessions.flatMap(([key, fields]) => {
      const [created, expires] = fields as [string | null, string | null];
      if (created === null || expires === null) return [];
      const id = publicId(key.slice(this.#prefix.length));
      return [{ id, createdAt: new Date(Number(created)), expiresAt: new Date(Number(expires)) }];
    });
  }

  /** Notes a committed write: reads go to the primary until `advance`. @returns the new count of writes. */
  async wrote(token: string, service: string): Promise<number> {
    return Number(await this.#scripts.wrote([this.#sessionKey(token)], [service]));
  }

  /**
   * Narrows the mark to an LSN, unless the session has written again since `writes` was read or the mark is further on.
   * @returns whether it was taken.
   */
  async advance(token: string, service: string, lsn: string, writes: number): Promise<boolean> {
    return (await this.#scripts.advance([this.#sessionKey(token)], [service, lsn, writes])) === 1;
  }

  /** What a list calls the session of this token. */
  idOf(token: string): string {
    return publicId(digest(token));
  }

  readonly #sessionKey = (token: string): string => this.#prefix + digest(token);
}

/** Half of the hash: enough to distinguish sessions, and not the key under which one is stored. */
const publicIdLength = 16;
const publicId = (hash: string): string => hash.slice(0, publicIdLength);

function prepare(redis: Redis): Record<keyof typeof scripts, RedisScript> {
  const prepared = Object.entries(scripts).map(([name, text]): [string, RedisScript] => {
    const run = redisScript(redis, text);
    return [name, (keys, args) => orUnavailable(run(keys, args))];
  });
  return Object.fromEntries(prepared) as Record<keyof typeof scripts, RedisScript>;
}

async function orUnavailable<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    throw new SessionError('sessions_unavailable', { cause });
  }
}

function readSession(reply: unknown): StoredSession | undefined {
  if (!Array.isArray(reply)) return undefined;
  const [accountId, role, familyId, created, expires, mark, writes, coop] = reply as (string | null)[];
  if (accountId == null || created == null || expires == null) return undefined;
  const principal = principalOf({ accountId, role, familyId, coopId: coop ?? firstCoopId });
  if (principal === undefined) return undefined;
  return {
    principal,
    createdAt: new Date(Number(created)),
    expiresAt: new Date(Number(expires)),
    mark: (mark ?? 'any') as Mark,
    writes: Number(writes ?? 0),
  };
}

interface StoredPrincipal {
  readonly accountId: string;
  readonly role: string | null | undefined;
  readonly familyId: string | null | undefined;
  /** Sessions from before there were co-ops have none stored: they belong to the first one. */
  readonly coopId: string;
}

function principalOf({ accountId, role, familyId, coopId }: StoredPrincipal): Principal | undefined {
  if (role === 'guardian' && familyId != null) return { accountId, role, coopId, familyId };
  if (role === 'coordinator') return { accountId, role, coopId };
  return role === 'operator' ? { accountId, role } : undefined;
}
