import type { Answer, Client } from './client.ts';
import { enroll } from './enroll.ts';
import { newFamily, signIn, signUp, type Registration } from './family.ts';
import type { Coordinator, Scenario } from './scenario.ts';

export const scenarioNames = ['paths', 'browse', 'sessions', 'register', 'change', 'enroll'] as const;
export type ScenarioName = (typeof scenarioNames)[number];

const unexpected = ({ status }: Answer): string => `status ${status}`;

export function scenario(name: ScenarioName, paths: readonly string[], coordinator?: Coordinator): Scenario {
  const scenarios: Record<ScenarioName, () => Scenario> = {
    paths: () => reading(paths),
    browse: () => reading(['/api/classes?limit=20', '/api/classes?age=9', '/api/classes?q=art']),
    sessions,
    register,
    change,
    enroll: () => enroll(coordinator),
  };
  return scenarios[name]();
}

function reading(paths: readonly string[]): Scenario {
  return {
    next: (_client, n) => ({ method: 'GET', path: paths[n % paths.length]! }),
    wrong: (answer) => (answer.status === 200 || answer.status === 304 ? undefined : unexpected(answer)),
  };
}

/** Every client is a signed-in family, which must stay signed in. */
function sessions(): Scenario {
  return {
    prepare: signUp,
    next: (client, n) => ({ method: 'GET', path: n % 2 === 0 ? '/api/sessions' : `/api/families/${client.familyId!}` }),
    wrong(answer, client) {
      if (answer.status === 401) return 'session lost';
      if (answer.status !== 200 && answer.status !== 304) return unexpected(answer);
      return answer.body.includes(client.familyId!) ? undefined : 'another client’s data';
    },
  };
}

/** Every client is a signed-in family that changes its name: writes that need little CPU. */
function change(): Scenario {
  return {
    prepare: signUp,
    next: (client, n) => ({ method: 'PATCH', path: `/api/families/${client.familyId!}`, body: { name: `Load ${n}` } }),
    wrong: (answer, _client, { body }) => {
      if (answer.status !== 200) return unexpected(answer);
      return answer.body.includes(JSON.stringify(body).slice(1, -1)) ? undefined : 'another client’s data';
    },
  };
}

/** Whether the response to a sign-in shows that the family exists; undefined when it does not show it. */
function exists({ status }: Answer): boolean | undefined {
  if (status === 201) return true;
  return status === 401 ? false : undefined;
}

/** Every arrival registers a family. At the end each family that was confirmed with 201 must be able to sign in. */
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
        const isThere = await search.ask(client, signIn(email), exists);
        if (isThere === undefined) unknown += 1;
        else if (!isThere) lost += 1;
      }
      return { lost, unknown };
    },
  };
}
