import { accepted, type ZodFastify } from '@homeroom/chassis';
import { requireAccount } from '@homeroom/sessions';
import { coopIdOf, databaseOf } from '../coops/own-coop.ts';
import { errors } from '../errors.ts';
import type { AccountDeps } from './deps.ts';
import { confirmVerificationOperation, requestVerificationOperation } from './schemas.ts';
import { confirmVerification, requestVerification } from './verify-account.ts';

type VerificationDeps = Pick<AccountDeps, 'database' | 'mailLimit' | 'accountTokenSecret'>;

export function verificationRoutes(app: ZodFastify, { database, ...deps }: VerificationDeps): void {
  app.post('/api/email-verifications', { schema: requestVerificationOperation }, async (request, reply) => {
    const { principal } = await requireAccount(request);
    const { accountId } = principal;
    const db = database.ofCoop(coopIdOf(principal));
    accepted(errors, await requestVerification({ ...deps, db }, { accountId, address: request.ip }));
    return reply.code(202).send({});
  });

  app.post('/api/email-verifications/confirm', { schema: confirmVerificationOperation }, async (request, reply) => {
    // not required, but a browser that has one reads its own write
    const session = await request.session();
    accepted(errors, await confirmVerification({ db: databaseOf(request, database) }, request.body));
    await session?.wrote();
    return reply.code(204).send(null);
  });
}
