import { firstCoopId } from '@homeroom/contracts';
import { connectRedis } from '@homeroom/redis';
import { openSessions } from '@homeroom/sessions';
import { createTestDatabase } from '@homeroom/testing';
import { randomUUID } from 'node:crypto';
import { childId, familyId, openClassId, readClassId, seedCoOp } from '../harness/co-op.ts';
import { measure, type Sample, type Variant } from '../harness/measure.ts';
import { startServer, type Server } from '../harness/process.ts';
import { request } from '../harness/requests.ts';

export interface Engines {
  readonly sessionsUrl: string;
  readonly cacheUrl: string;
}

const [classes, families, childrenPerFamily] = [60_000, 100, 10];
const openClasses = 40;

/** The ladder of a read and the two writes, each against `node:http` and the textbook service. */
export async function measureHttp(
  { sessionsUrl, cacheUrl }: Engines,
  { rounds, seconds, say }: { rounds: number; seconds: number; say: (text: string) => void },
): Promise<Sample[]> {
  const [enrollment, familiesDatabase] = [await createTestDatabase('enrollment'), await createTestDatabase('families')];
  await seedCoOp(enrollment.url, { classes, families, childrenPerFamily });
  const service = {
    CURSOR_SECRET: randomUUID(),
    ACCOUNT_TOKEN_SECRET: randomUUID(),
    PAYMENT_WEBHOOK_SECRET: randomUUID(),
    REDIS_SESSIONS_URL: sessionsUrl,
    REDIS_CACHE_URL: cacheUrl,
    DATABASE_POOL_SIZE: '10',
    // counted as in production, with a limit beyond the load
    RATE_LIMIT_PER_MINUTE: '1000000000',
    LOG_FORMAT: 'json',
  };
  const servers: Server[] = [];
  type Env = Record<string, string>;
  const variant = async (name: string, file: string, env: Env, plan: Variant['plan']): Promise<Variant> => {
    const server = await startServer(file, env);
    servers.push(server);
    return { name, server, plan };
  };
  const api = 'services/enrollment/src/api.ts';
  const env = { ...service, DATABASE_URL: enrollment.url };
  const textbook = 'bench/baseline/server.ts';
  const baseline = { DATABASE_URL: enrollment.url, REDIS_CACHE_URL: cacheUrl };
  const familiesEnv = { ...service, DATABASE_URL: familiesDatabase.url };
  const [few, many, cold] = [hotReads(seconds, 100), hotReads(seconds, 2_000), coldReads(seconds)];
  const l2 = { ...env, CLASS_L1_TTL_MS: '1', CLASS_L2_TTL_SECONDS: '60' };
  try {
    const enrollments = enrollmentsOf(await signInAll(sessionsUrl), rounds);
    const variants = [
      await variant('node:http, a constant', 'bench/baseline/node-constant.ts', {}, () => few),
      await variant('L1 hit', api, { ...env, CLASS_L1_TTL_MS: '5000' }, () => few),
      await variant('L2 hit', api, l2, () => many),
      await variant('miss', api, { ...l2, CLASS_L2_TTL_SECONDS: '1' }, () => cold),
      await variant('baseline: hit in Redis', textbook, baseline, () => many),
      await variant('baseline: miss', textbook, { ...baseline, CACHE: 'off' }, () => cold),
      await variant('enroll', api, env, enrollments.homeroom),
      await variant('baseline: enroll', textbook, baseline, enrollments.baseline),
      await variant('register', 'services/families/src/api.ts', familiesEnv, registrations),
    ];
    return await measure(variants, rounds, say);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    await Promise.all([enrollment.drop(), familiesDatabase.drop()]);
  }
}

const read = (n: number): string => request('GET', `/api/classes/${readClassId(n)}`);

const hotReads = (seconds: number, ids: number) => ({
  connections: 100,
  seconds,
  requests: Array.from({ length: ids }, (_, n) => read(n)),
  once: false,
  expectStatus: 200,
});

/** So many ids in turn that each has expired from the cache before it is read again. */
const coldReads = (seconds: number) => hotReads(seconds, classes);

async function signInAll(sessionsUrl: string): Promise<string[]> {
  const redis = await connectRedis(sessionsUrl, { name: 'bench', onError: (error) => console.error(error) });
  const sessions = openSessions({ redis });
  try {
    return await Promise.all(
      Array.from({ length: families }, async (_, n) => {
        const principal = {
          role: 'guardian',
          accountId: randomUUID(),
          coopId: firstCoopId,
          familyId: familyId(n),
        } as const;
        return `homeroom=${(await sessions.create(principal)).token}`;
      }),
    );
  } finally {
    await redis.quit();
  }
}

/** Every child in every open class, once. The first class is the warm-up, which caches the children. */
function enrollmentsOf(cookies: readonly string[], rounds: number) {
  const perRound = Math.floor((openClasses - 1) / rounds);
  const plan = (classNumbers: readonly number[], withCookie: boolean) => ({
    connections: 20,
    seconds: 60,
    once: true,
    expectStatus: 201,
    requests: classNumbers.flatMap((classNumber) =>
      cookies.flatMap((cookie, family) =>
        Array.from({ length: childrenPerFamily }, (_, child) =>
          request('POST', '/api/enrollments', {
            ...(withCookie ? { cookie } : {}),
            body: { classId: openClassId(classNumber), childId: childId(family * childrenPerFamily + child) },
          }),
        ),
      ),
    ),
  });
  const classesOf = (round: number): number[] =>
    round === 0 ? [0] : Array.from({ length: perRound }, (_, n) => 1 + (round - 1) * perRound + n);
  return {
    homeroom: (round: number) => plan(classesOf(round), true),
    baseline: (round: number) => plan(classesOf(round), false),
  };
}

const registrations = (round: number) => ({
  connections: 8,
  seconds: 60,
  once: true,
  expectStatus: 201,
  requests: Array.from({ length: 400 }, (_, n) =>
    request('POST', '/api/families', {
      body: {
        name: 'Okafor',
        guardian: { name: 'Ngozi Okafor', email: `bench-${round}-${n}@example.org`, password: 'correct horse battery' },
        children: [{ name: 'Maya Okafor', birthDate: '2017-04-02' }],
      },
    }),
  ),
});
