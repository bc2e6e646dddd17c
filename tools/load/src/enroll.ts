import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Answer, Client } from './client.ts';
import { refused, signIn, signUp } from './family.ts';
import type { Coordinator, Scenario } from './scenario.ts';

interface Pupil {
  readonly childId: string;
  /** Ids of confirmed enrollments. */
  readonly confirmed: string[];
}

const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
const hours = [8, 9, 10, 11, 12, 13, 14, 15, 16, 17];

/**
 * Every client is a family whose child takes one paid class after the other, each at another hour. At the end each confirmed
 * enrollment must exist.
 * @throws {Error} from `prepare` without a coordinator, or when a family cannot begin.
 */
export function enroll(coordinator?: Coordinator): Scenario {
  const pupils = new Map<Client, Pupil>();
  let classes: Promise<string[]> | undefined;
  let opened: readonly string[] = [];
  return {
    async prepare(client, signal) {
      opened = await (classes ??= openClasses(client, coordinator, signal));
      await signUp(client, signal);
      const body = { name: 'Load', birthDate: '2016-05-04' };
      const added = await client.call({ method: 'POST', path: `/api/families/${client.familyId!}/children`, body });
      if (added.status !== 201) throw refused('to add a child', added);
      const childId = (JSON.parse(added.body) as { id: string }).id;
      pupils.set(client, { childId, confirmed: [] });
      await firstEnrollment(client, { classId: opened[0]!, childId }, signal);
    },
    next(client, n) {
      const { childId } = pupils.get(client)!;
      if (opened[n + 1] === undefined) throw new Error('the child has every class: use more --clients');
      return { method: 'POST', path: '/api/enrollments', body: { classId: opened[n + 1], childId } };
    },
    wrong(answer, client) {
      if (answer.status !== 201) return `status ${answer.status}`;
      pupils.get(client)!.confirmed.push((JSON.parse(answer.body) as { id: string }).id);
      return undefined;
    },
    async lost(client, search) {
      const { confirmed } = pupils.get(client)!;
      if (confirmed.length === 0) return { lost: 0, unknown: 0 };
      const there = await search.ask(client, { method: 'GET', path: '/api/enrollments?limit=100' }, seats);
      if (there === undefined) return { lost: 0, unknown: confirmed.length };
      return { lost: confirmed.filter((id) => !there.has(id)).length, unknown: 0 };
    },
  };
}

/** The ids of enrollments that are not canceled; undefined when the list could not be read. */
function seats({ status, body }: Answer): Set<string> | undefined {
  if (status !== 200) return undefined;
  const { items } = JSON.parse(body) as { items: { id: string; status: string }[] };
  return new Set(items.filter((item) => item.status !== 'cancelled').map(({ id }) => id));
}

/** Creates a class for every hour of the week, so that a child can be in all of them. */
async function openClasses(client: Client, coordinator?: Coordinator, signal?: AbortSignal): Promise<string[]> {
  if (coordinator === undefined)
    throw new Error(
      'enroll needs classes: set LOAD_COORDINATOR_EMAIL and LOAD_COORDINATOR_PASSWORD to an account that may create them',
    );
  const signedIn = await client.call(signIn(coordinator.email, coordinator.password));
  if (signedIn.status !== 201) throw refused('to sign in as the coordinator', signedIn);
  const run = randomUUID().slice(0, 8);
  const ids: string[] = [];
  for (const weekday of weekdays)
    for (const hour of hours) {
      signal?.throwIfAborted();
      const body = {
        title: `Load ${run} ${weekday} ${hour}`,
        subject: 'Load',
        // unique to this run: a class of an earlier run at the same hour would be a double booking
        teacher: `Load Generator ${run}`,
        room: `Nowhere ${run}`,
        weekday,
        startTime: clock(hour, '00'),
        endTime: clock(hour, '50'),
        firstDay: '2027-01-11',
        lastDay: '2027-05-21',
        ageMin: 0,
        ageMax: 120,
        capacity: 1_000,
        priceCents: 5_000,
      };
      const answer = await client.call({ method: 'POST', path: '/api/classes', body });
      if (answer.status !== 201) throw refused('to create a class', answer);
      ids.push((JSON.parse(answer.body) as { id: string }).id);
    }
  return ids;
}

const clock = (hour: number, minute: string): string => `${String(hour).padStart(2, '0')}:${minute}`;

/** Retries on 409: enrollment receives the registration in an event, which may take a moment. */
async function firstEnrollment(
  client: Client,
  body: { classId: string; childId: string },
  signal?: AbortSignal,
): Promise<void> {
  let answer: Answer;
  for (let tries = 0; tries < 100; tries += 1) {
    answer = await client.call({ method: 'POST', path: '/api/enrollments', body });
    if (answer.status === 201) return;
    if (answer.status !== 409) throw refused('to enroll', answer);
    await setTimeout(200, undefined, { signal });
  }
  throw refused('to enroll within 20 s', answer!);
}
