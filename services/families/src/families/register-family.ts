import { isRefused, refused, type Refused } from '@homeroom/chassis';
import { transact, type CoopDatabase, type CoopQueryable } from '@homeroom/postgres';
import { firstCoopId } from '@homeroom/contracts';
import { issueToken, type IssuedToken } from '../credentials/account-tokens.ts';
import type { AccountKey } from '../credentials/account-key.ts';
import type { MailLimit } from '../credentials/mail-limit.ts';
import type { Passwords } from '../credentials/passwords.ts';
import { familyEvent, newFamily, type FamilyRefused } from './family.ts';
import type { Family, Registration } from './schemas.ts';
import { insertFamilies } from './store.ts';

interface RegisterDeps {
  readonly db: CoopDatabase;
  readonly passwords: Passwords;
  readonly mailLimit: MailLimit;
  readonly accountTokenSecret: string;
}

interface RegisterRequest {
  readonly registration: Registration;
  /** Of the client. */
  readonly address: string;
  readonly idempotencyKey: string | undefined;
}

/**
 * Registers a family. Waits for Postgres and a password hash only: mails, calendar, and coordinators follow from the
 * events. Beyond the limit of mails the family still registers, without a mail: a refusal would let anyone keep a family out
 * by using up its mailbox, and would reveal that a mailbox was written to.
 * @throws {Problem} `passwords_busy`, `idempotency_key_reused`
 */
export async function registerFamily(
  { db, passwords, mailLimit, accountTokenSecret }: RegisterDeps,
  { registration, address, idempotencyKey }: RegisterRequest,
): Promise<Family | FamilyRefused | Refused<'email_taken'>> {
  const family = newFamily(registration);
  if (isRefused(family)) return family;
  const { email } = registration.guardian;
  // before any connection is taken: a hash is slower than everything that the database does here
  const passwordHash = await passwords.hash(registration.guardian.password);
  const account = { coopId: db.coopId, email };
  const mail = { purpose: 'verify_email', account, address } as const;
  const mayMail = (await mailLimit.take(mail)) === 0;
  const verification = mayMail ? verificationOf(family, accountTokenSecret) : undefined;
  const insert = async (to: CoopQueryable): Promise<Family | Refused<'email_taken'>> => {
    const event = familyEvent('homeroom.family.registered.v1', family);
    const written = await insertFamilies(to, [{ family, passwordHash, event, verification }]);
    return written.has(family.id) ? family : refused('email_taken');
  };
  const guardian = { ...registration.guardian, password: passwords.fingerprint(registration.guardian.password) };
  const request = ['POST', '/api/families', { ...registration, guardian }] as const;
  let isNew = false;
  try {
    // one statement: without a key it needs no transaction around it
    const outcome = await (idempotencyKey === undefined
      ? insert(db)
      : transact(db, insert, { claim: { principal: registrant(account), key: idempotencyKey, request } }));
    isNew = !isRefused(outcome) && outcome.id === family.id;
    return outcome;
  } finally {
    // a refusal or a replay sends no mail: it must not count against the owner of the mailbox
    if (mayMail && !isNew) await mailLimit.refund(mail);
  }
}

/**
 * Whose keys those of a registration are. As long as `idempotency_keys_before_coops` exists, no two co-ops may have one principal;
 * the first one's are as the last release names them.
 */
const registrant = ({ coopId, email }: AccountKey): string =>
  coopId === firstCoopId ? `register:${email}` : `register:${coopId}:${email}`;

function verificationOf({ guardians }: Family, secret: string): IssuedToken | undefined {
  const [guardian] = guardians;
  return guardian && issueToken('verify_email', { accountId: guardian.id, email: guardian.email }, secret);
}
