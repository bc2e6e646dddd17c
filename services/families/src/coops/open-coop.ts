import { refused } from '@homeroom/chassis';
import { lockCoops, type Coop } from '@homeroom/coops';
import { transact, type Database, type IdempotentRequest } from '@homeroom/postgres';
import { publishCoop } from './change-coop.ts';
import { maxCoops, openedCoop, operatorsCoopId, type CoopRefused } from './coop.ts';
import type { NewCoop } from './schemas.ts';
import { countCoops, findCoop } from './store.ts';

/** Opens a co-op. @param request.limit how many an installation may have. */
export function openCoop(
  { database }: { database: Database },
  request: { given: NewCoop; operatorId: string; idempotencyKey: string | undefined; limit?: number },
): Promise<Coop | CoopRefused> {
  const { given, operatorId, idempotencyKey: key, limit = maxCoops } = request;
  const claim: IdempotentRequest | undefined =
    key === undefined ? undefined : { principal: operatorId, key, request: ['POST', '/api/coops', given] };
  return transact<Coop | CoopRefused>(
    database.ofCoop(operatorsCoopId),
    async (trx) => {
      await lockCoops(trx);
      if ((await findCoop(trx, given.slug)) !== undefined) return refused('slug_taken');
      if ((await countCoops(trx)) >= limit)
        return refused(
          'coops_limit',
          'This installation is for one co-op. Configure it, or install Homeroom again for another.',
        );
      return publishCoop(trx, openedCoop(given), 'opened');
    },
    claim === undefined ? {} : { claim },
  );
}
