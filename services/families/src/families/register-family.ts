import { once, type Queryable } from '@homeroom/postgres';
import { issueToken, type IssuedToken } from '../accounts/account-tokens.ts';
import type { Deps } from '../app.ts';
import { errors } from '../errors.ts';
import { familyEvent, newFamily, type Family } from './family.ts';
import type { Registration } from './schemas.ts';
import { insertFamilies } from './store.ts';

/**
 * Registers a family. Waits for Postgres and a password hash, for nothing else: mails, calendar and coordinators follow from
 * the events. Beyond the limit of mails the family registers all the same, without a mail: a refusal would let anyone keep a
 * family out by using up its mailbox, and would tell strangers that a mailbox was written to.
 * @throws {Problem} `email_taken`, `child_exists`, `passwords_busy`
 */
export async function registerFamily(
  { database, passwords, mailLimit, config }: Pick<Deps, 'database' | 'passwords' | 'mailLimit' | 'config'>,
  given: Registration,
  { address, idempotencyKey }: { address: string; idempotencyKey: string | undefined },
): Promise<Family> {
  const decision = newFamily(given);
  if ('refused' in decision) throw errors.problem(decision.refused);
  const { family } = decision;
  const { email } = given.guardian;
  // before any connection is taken: a hash is slower than everything that the database does here
  const passwordHash = await passwords.hash(given.guardian.password);
  const mail = { purpose: 'verify_email', email, address } as const;
  const mayMail = (await mailLimit.take(mail)) === 0;
  const verification = mayMail ? verificationOf(family, config.ACCOUNT_TOKEN_SECRET) : undefined;
  const insert = async (db: Queryable): Promise<Family> => {
    const event = familyEvent('homeroom.family.registered.v1', family);
    const written = await insertFamilies(db, [{ family, passwordHash, event, verification }]);
    if (!written.has(family.id)) throw errors.problem('email_taken');
    return family;
  };
  const run = (): Promise<Family> => {
    if (idempotencyKey === undefined) return insert(database);
    const guardian = { ...given.guardian, password: passwords.fingerprint(given.guardian.password) };
    const request = ['POST', '/api/families', { ...given, guardian }] as const;
    const claim = { principal: `register:${email}`, key: idempotencyKey, request };
    return database.transaction((trx) => once(trx, claim, () => insert(trx)));
  };
  let registered: Family | undefined;
  try {
    registered = await run();
    return registered;
  } finally {
    // a refusal or a replay mails nothing: it must not use up the mails of the mailbox's owner
    if (mayMail && registered?.id !== family.id) await mailLimit.giveBack(mail);
  }
}

function verificationOf({ guardians }: Family, secret: string): IssuedToken | undefined {
  const [guardian] = guardians;
  return guardian && issueToken('verify_email', { accountId: guardian.id, email: guardian.email }, secret);
}
