import { refused, type Refused } from '@homeroom/chassis';
import { firstCoopId, type NewEvent } from '@homeroom/contracts';
import type { Coop } from '@homeroom/coops';
import { v7 as uuidv7 } from 'uuid';
import type { CoopPatch, NewCoop } from './schemas.ts';

/** Why a co-op was not opened or changed. */
export type CoopRefused = Refused<
  'coop_not_found' | 'coops_limit' | 'slug_taken' | 'host_taken' | 'currency_fixed' | 'coop_closed'
>;

/** Operators belong to the installation. Their accounts, tokens, keys, and cursors are where those of the only co-op were. */
export const operatorsCoopId = firstCoopId;

/** How many co-ops an installation may have: one, as long as families, classes, and mails do not name theirs. */
export const maxCoops = 1;

export const openedCoop = (given: NewCoop, coopId: string = uuidv7()): Coop => ({
  ...given,
  coopId,
  version: 1,
  status: 'open',
});

export function configured(coop: Coop, { currency, ...patch }: CoopPatch): Coop | CoopRefused {
  if (currency !== undefined && currency !== coop.currency)
    return refused('currency_fixed', `${coop.name} charges in ${coop.currency}, and amounts that exist would change.`);
  const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
  return { ...coop, ...given };
}

const switchedTo =
  (status: 'open' | 'suspended') =>
  (coop: Coop): Coop | CoopRefused =>
    coop.status === 'closed' ? refused('coop_closed') : { ...coop, status };

export const suspended = switchedTo('suspended');
export const resumed = switchedTo('open');

export type CoopVerb = 'opened' | 'configured' | 'suspended' | 'resumed';

/** The event that publishes the state of a co-op to every process. */
export const coopEvent = (verb: CoopVerb, coop: Coop): NewEvent => ({
  id: uuidv7(),
  type: `homeroom.coop.${verb}.v1`,
  source: '/families',
  subject: coop.coopId,
  time: new Date(),
  data: { ...coop, hosts: [...coop.hosts] },
});
