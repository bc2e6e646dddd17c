import { accepted, type ZodFastify } from '@homeroom/chassis';
import { requireAccount } from '@homeroom/sessions';
import { errors } from '../errors.ts';
import { confirmVerificationOperation, requestVerificationOperation } from './schemas.ts';
import { confirmVerification, requestVerification } from './verify-account.ts';

export function verificationRoutes(app: ZodFastify, deps: Parameters<typeof requestVerification>[0]): void {
  app.post('/api/email-verifications', { schema: requestVerificationOperation }, async (request, reply) => {
    const { principal } = await requireAccount(request);
    const { accountId } = principal;
    accepted(errors, await requestVerification(deps, { accountId, address: request.ip }));
    return reply.code(202).send({});
  });

  app.post('/api/email-verifications/confirm', { schema: confirmVerificationOperation }, async (request, reply) => {
    // not required, but a browser that has one reads its own write
    const session = await request.session();
    accepted(errors, await confirmVerification(deps, request.body));
    await session?.wrote();
    return reply.code(204).send(null);
  });
}
