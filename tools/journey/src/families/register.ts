import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { addedChild, family } from '../client/api.ts';
import { UnexpectedAnswerError } from '../client/browser.ts';
import type { Household } from './household.ts';

/** Registers a family. Every twenty-fifth submits the form twice, which must create one family. */
export async function register(household: Household, index: number): Promise<void> {
  const { cast, browser, password } = household;
  const { name, guardian, address } = cast;
  const children = addsChildLater(household, index) ? cast.children.slice(0, -1) : cast.children;
  const options = {
    body: { name, guardian: { ...guardian, password }, address, children },
    idempotencyKey: randomUUID(),
  };
  const registered = await browser.expect(['POST', '/api/families'], [201, family], options);
  household.id = registered.id;
  for (const child of registered.children) household.childIds.set(child.name, child.id);
  if (registered.children.length !== children.length) {
    throw new Error(`${guardian.email} registered ${children.length} children and got ${registered.children.length}`);
  }
  if (index % 25 !== 0) return;
  const again = await browser.send('POST', '/api/families', options);
  const { id } = z.looseObject({ id: z.string().optional() }).parse(again.body);
  if (again.status !== 201 || id !== registered.id)
    throw new UnexpectedAnswerError(again, `the first answer was family ${registered.id}`);
}

/** Every tenth family adds its last child later, just before it enrolls the child. */
const addsChildLater = ({ cast }: Household, index: number): boolean => index % 10 === 6 && cast.children.length > 1;

/** Adds a child that was not registered with its family. */
export async function addChild({ browser, cast, id, childIds }: Household, childName: string): Promise<void> {
  const body = cast.children.find(({ name }) => name === childName);
  const options = { body, idempotencyKey: randomUUID() };
  const added = await browser.expect(['POST', `/api/families/${id}/children`], [201, addedChild], options);
  childIds.set(childName, added.id);
}

/** Signs in; the browser keeps the cookie. */
export async function signIn({ browser, cast, password }: Household): Promise<void> {
  const signedIn = z.looseObject({ principal: z.looseObject({ role: z.literal('guardian') }) });
  const body = { email: cast.guardian.email, password };
  await browser.expect(['POST', '/api/sessions'], [201, signedIn], { body, harmless: true });
}
