import { examples, firstCoopId } from '@homeroom/contracts';
import { lockCoops, saveCoop, type Coop } from '@homeroom/coops';
import type { Harness } from './harness.ts';

/** Two co-ops of one installation, each at a host of its own. */
export const willow: Coop = {
  ...examples['homeroom.coop.opened.v1'],
  coopId: firstCoopId,
  name: 'Willow Creek',
  hosts: ['willow.example'],
};
export const birch: Coop = {
  ...willow,
  coopId: '0199f2a0-0000-7000-8000-00000000000b',
  slug: 'birch',
  name: 'Birch Lane',
  hosts: ['birch.example'],
  timeZone: 'Europe/London',
  currency: 'GBP',
  locale: 'en-GB',
};

/** Stores the second co-op, as the worker does when it has been opened. */
export const openSecondCoop = ({ database }: Pick<Harness, 'database'>): Promise<void> =>
  database.transaction(async (trx) => {
    await lockCoops(trx);
    await saveCoop(trx, birch);
  });
