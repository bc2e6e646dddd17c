import type { Answer, Call, Client } from './client.ts';
import { enroll, type Coordinator } from './enroll.ts';
import { newFamily, signIn, signUp, type Registration } from './family.ts';
import type { Search } from './search.ts';

/** What clients do. */
export interface Scenario {
  /** Before the first arrival, once per client. May reject with the signal's reason. */
  prepare?(client: Client, signal?: AbortSignal): Promise<void>;
  next(client: Client, n: number): Call;
  /** What is wrong with an answer, in a few words; undefined when nothing is. */
  wrong(answer: Answer, client: Client, call: Call): string | undefined;
  /** After the last answer: what became of what was confirmed. */
  lost?(client: Client, search: Search): Promise<Loss>;
}

export interface Loss {
  /** Definitely not there. */
  readonly lost: number;
  /** Nobody could say. */
  readonly unknown: number;
}

export const scenarioNames = ['paths', 'browse', 'sessions', 'register', 'change', 'enroll'] as const;
export type ScenarioName = (typeof scenarioNames)[number];

const unexpected = ({ status }: Answer): string => `status ${status}`;

export function scenario(name: ScenarioName, paths: readonly string[], coordinator?: Coordinator): Scenario {
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
    case 'enroll':
      return enroll(coordinator);
  }
}

function reading(paths: readonly string[]): Scenario {
  return {
    next: (_client, n) => ({ method: 'GET', path: paths[n % paths.length]! }),
    wrong: (answer) => (answer.status === 200 || answer.status === 304 ? undefined : unexpected(answer)),
  };
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

/** Whether a family is known to who answered its sign-in; undefined when the answer does not say. */
function knows({ status }: Answer): boolean | undefined {
  if (status === 201) return true;
  return status === 401 ? false : undefined;
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
    async lost(client, search) {
      let [lost, unknown] = [0, 0];
      for (const email of confirmed.get(client) ?? []) {
        const isThere = await search.ask(client, signIn(email), knows);
        if (isThere === undefined) unknown += 1;
        else if (!isThere) lost += 1;
      }
      return { lost, unknown };
    },
  };
}
