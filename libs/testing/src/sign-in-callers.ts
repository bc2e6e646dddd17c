import type { AccessWorld } from './access-matrix.ts';
import { waitFor } from './wait-for.ts';

/** What is used of a session store. */
interface Sessions<Principal> {
  create(principal: Principal): Promise<{ token: string }>;
  find(token: string): Promise<unknown>;
  destroy(token: string): Promise<unknown>;
}

const cookieOf = ({ token }: { token: string }): string => `homeroom=${token}`;

/**
 * Signs in the callers of an access matrix; two more sessions of the guardian are signed out and left to expire.
 * @param open opens the service's session store; sessions end after `absoluteSeconds` when given.
 */
export async function signInCallers<Principal>(
  open: (absoluteSeconds?: number) => Sessions<Principal>,
  principals: Readonly<Record<'guardian' | 'stranger' | 'coordinator' | 'operator', Principal>>,
): Promise<AccessWorld['cookies']> {
  const [sessions, shortSessions] = [open(), open(0.05)];
  const signedIn = async (principal: Principal): Promise<string> => cookieOf(await sessions.create(principal));
  const [signedOut, expired] = [
    await sessions.create(principals.guardian),
    await shortSessions.create(principals.guardian),
  ];
  await sessions.destroy(signedOut.token);
  await waitFor('the session to expire', async () => (await sessions.find(expired.token)) === undefined);
  return {
    guardian: await signedIn(principals.guardian),
    stranger: await signedIn(principals.stranger),
    coordinator: await signedIn(principals.coordinator),
    operator: await signedIn(principals.operator),
    signedOut: cookieOf(signedOut),
    expired: cookieOf(expired),
  };
}
