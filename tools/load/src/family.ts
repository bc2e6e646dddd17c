import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Answer, Call, Client } from './client.ts';

const password = 'a load of homework';

/** Registers a family and signs it in. */
export async function signUp(client: Client, signal?: AbortSignal): Promise<void> {
  const registration = newFamily();
  const registered = await client.call(registration);
  if (registered.status !== 201) throw refused('to register a family', registered);
  client.familyId = (JSON.parse(registered.body) as { id: string }).id;
  const signedIn = await client.call(signIn(registration.body.guardian.email));
  if (signedIn.status !== 201) throw refused('to sign in', signedIn);
  // the new session has written nothing, so its first read may go to a replica that lags behind
  for (let tries = 0; tries < 50; tries += 1) {
    const { status } = await client.call({ method: 'GET', path: `/api/families/${client.familyId}` });
    if (status === 200) return;
    await setTimeout(100, undefined, { signal });
  }
  throw new Error('a family that was registered could not be read within 5 s');
}

export interface Registration extends Call {
  readonly body: { name: string; guardian: { name: string; email: string; password: string } };
}

export function newFamily(): Registration {
  const id = randomUUID();
  return {
    method: 'POST',
    path: '/api/families',
    headers: { 'idempotency-key': id },
    body: { name: 'Load', guardian: { name: 'Load Generator', email: `load-${id}@load.example`, password } },
  };
}

export function signIn(email: string, secret = password): Call {
  return { method: 'POST', path: '/api/sessions', body: { email, password: secret } };
}

export function refused(what: string, { status, body }: Answer): Error {
  const hint = status === 429 ? ' (set RATE_LIMIT_PER_MINUTE=0 on the services under load)' : '';
  return new Error(`a client was not able ${what}: status ${status}${hint} ${body.slice(0, 200)}`);
}
