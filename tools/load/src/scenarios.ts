import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Answer, Call, Client } from './client.ts';

/** What clients do. */
export interface Scenario {
  /** Before the first arrival, once per client. */
  prepare?(client: Client): Promise<void>;
  next(client: Client, n: number): Call;
  /** What is wrong with an answer, in a few words; undefined when nothing is. */
  wrong(answer: Answer, client: Client, call: Call): string | undefined;
  /** After the last answer: how much of what was confirmed cannot be found. */
  lost?(client: Client): Promise<number>;
}

export const scenarioNames = ['paths', 'browse', 'sessions', 'register', 'change'] as const;
export type ScenarioName = (typeof scenarioNames)[number];

const unexpected = ({ status }: Answer): string => `status ${status}`;
const password = 'a load of homework';

export function scenario(name: ScenarioName, paths: readonly string[]): Scenario {
  switch (name) {
    case 'paths':
      return reading(paths);
    case 'browse':
      return reading(['/api/classes?limit=20', '/api/classes?age=9', '/api/classes?q=art']);
    case 'sessions':
      return sessions();
    case 'register':
      return register();
    case 'change':
      return change();
  }
}

function reading(paths: readonly string[]): Scenario {
  return {
    next: (_client, n) => ({ method: 'GET', path: paths[n % paths.length]! }),
    wrong: (answer) => (answer.status === 200 || answer.status === 304 ? undefined : unexpected(answer)),
  };
}

/** Registers a family and signs it in. */
async function signUp(client: Client): Promise<void> {
  const registration = newFamily();
  const registered = await client.call(registration);
  if (registered.status !== 201) throw refused('to register a family', registered);
  client.familyId = (JSON.parse(registered.body) as { id: string }).id;
  const signedIn = await client.call(signIn(registration.body.guardian.email));
  if (signedIn.status !== 201) throw refused('to sign in', signedIn);
  // the new session has written nothing, so its first read may go to a replica that does not know the family yet
  for (let tries = 0; tries < 50; tries += 1) {
    const { status } = await client.call({ method: 'GET', path: `/api/families/${client.familyId}` });
    if (status === 200) return;
    await setTimeout(100);
  }
  throw new Error('a family that was registered could not be read within 5 s');
}

/** Every client is a family that has signed in, and stays signed in whatever happens to pods. */
function sessions(): Scenario {
  return {
    prepare: signUp,
    next: (client, n) => ({ method: 'GET', path: n % 2 === 0 ? '/api/sessions' : `/api/families/${client.familyId!}` }),
    wrong(answer, client) {
      if (answer.status === 401) return 'session lost';
      if (answer.status !== 200 && answer.status !== 304) return unexpected(answer);
      return answer.body.includes(client.familyId!) ? undefined : 'somebody else’s answer';
    },
  };
}

/** Every client is a family that has signed in and goes on changing its name: writes that cost next to no CPU. */
function change(): Scenario {
  return {
    prepare: signUp,
    next: (client, n) => ({ method: 'PATCH', path: `/api/families/${client.familyId!}`, body: { name: `Load ${n}` } }),
    wrong: (answer, _client, { body }) => {
      if (answer.status !== 200) return unexpected(answer);
      return answer.body.includes(JSON.stringify(body).slice(1, -1)) ? undefined : 'somebody else’s answer';
    },
  };
}

/** Every arrival registers a family; at the end each that was answered 201 must be able to sign in. */
function register(): Scenario {
  const confirmed = new Map<Client, string[]>();
  return {
    next: () => newFamily(),
    wrong(answer, client, call) {
      if (answer.status !== 201) return unexpected(answer);
      const email = (call.body as Registration['body']).guardian.email;
      confirmed.set(client, [...(confirmed.get(client) ?? []), email]);
      return undefined;
    },
    async lost(client) {
      let lost = 0;
      for (const email of confirmed.get(client) ?? []) {
        const { status } = await client.call(signIn(email));
        if (status !== 201) lost += 1;
      }
      return lost;
    },
  };
}

interface Registration extends Call {
  readonly body: { name: string; guardian: { name: string; email: string; password: string } };
}

function newFamily(): Registration {
  const id = randomUUID();
  return {
    method: 'POST',
    path: '/api/families',
    headers: { 'idempotency-key': id },
    body: { name: 'Load', guardian: { name: 'Load Generator', email: `load-${id}@load.example`, password } },
  };
}

function signIn(email: string): Call {
  return { method: 'POST', path: '/api/sessions', body: { email, password } };
}

function refused(what: string, { status, body }: Answer): Error {
  const hint = status === 429 ? ' (set RATE_LIMIT_PER_MINUTE=0 on the services under load)' : '';
  return new Error(`a client was not able ${what}: status ${status}${hint} ${body.slice(0, 200)}`);
}
