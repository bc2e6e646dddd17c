import { once } from '@homeroom/chassis';
import type { Database, Queryable } from '@homeroom/postgres';
import type { Passwords } from '../accounts/passwords.ts';
import { errors } from '../errors.ts';
import { familyEvent, newFamily, type Family } from './family.ts';
import type { Registration } from './schemas.ts';
import { insertFamilies } from './store.ts';

/**
 * Registers a family. Waits for Postgres and a password hash, for nothing else: the welcome mail, the calendar and the
 * coordinators follow from the event.
 * @throws {Problem} `email_taken`, `child_exists`, `passwords_busy`
 */
export async function registerFamily(
  { database, passwords }: { database: Database; passwords: Passwords },
  given: Registration,
  idempotencyKey: string | undefined,
): Promise<Family> {
  const decision = newFamily(given);
  if ('refused' in decision) throw errors.problem(decision.refused);
  const { family } = decision;
  // before any connection is taken: a hash is slower than everything that the database does here
  const passwordHash = await passwords.hash(given.guardian.password);
  const insert = async (db: Queryable): Promise<Family> => {
    const event = familyEvent('homeroom.family.registered.v1', family);
    const written = await insertFamilies(db, [{ family, passwordHash, event }]);
    if (!written.has(family.id)) throw errors.problem('email_taken');
    return family;
  };
  if (idempotencyKey === undefined) return insert(database);
  const guardian = { ...given.guardian, password: passwords.fingerprint(given.guardian.password) };
  const request = ['POST', '/api/families', { ...given, guardian }] as const;
  const claim = { principal: `register:${given.guardian.email}`, key: idempotencyKey, request };
  return database.transaction((trx) => once(trx, claim, () => insert(trx)));
}
