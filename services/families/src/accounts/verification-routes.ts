import { accepted, type ZodFastify } from '@homeroom/chassis';
import { requirePrincipal } from '@homeroom/sessions';
import { z } from 'zod';
import { errors } from '../errors.ts';
import { requestVerification } from './request-verification.ts';
import { nothingGiven, tokenGiven } from './schemas.ts';
import { confirmVerification } from './verify-account.ts';

const tags = ['accounts'];

export function verificationRoutes(app: ZodFastify, deps: Parameters<typeof requestVerification>[0]): void {
  app.post(
    '/api/email-verifications',
    {
      schema: {
        tags,
        summary: 'Send the verification mail of my address again',
        body: nothingGiven,
        response: { 202: z.object({}).describe('A mail will be sent') },
        problems: ['unauthenticated', 'already_verified', 'too_many_mails', 'sessions_unavailable'],
      },
    },
    async (request, reply) => {
      const { principal } = await requirePrincipal(request);
      const { accountId } = principal;
      accepted(errors, await requestVerification(deps, { accountId, address: request.ip }));
      return reply.code(202).send({});
    },
  );

  app.post(
    '/api/email-verifications/confirm',
    {
      schema: {
        tags,
        summary: 'Verify an address by the token of its mail',
        body: tokenGiven,
        response: { 204: z.null().describe('The address is verified') },
        problems: ['token_invalid', 'sessions_unavailable'],
      },
    },
    async (request, reply) => {
      // not required, but a browser that has one reads its own write
      const session = await request.session();
      accepted(errors, await confirmVerification(deps, request.body));
      await session?.wrote();
      return reply.code(204).send(null);
    },
  );
}
