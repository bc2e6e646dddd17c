import { examples, type NewEvent } from '@homeroom/contracts';
import { randomUUID } from 'node:crypto';

/** Whose families they are. */
export const coopId = '0199f2a0-0000-7000-8000-00000000000a';

/** A change of family `key`, ordered by `version`. */
export const changed = (key: string, version: number): NewEvent<'homeroom.family.changed.v1'> => ({
  id: randomUUID(),
  type: 'homeroom.family.changed.v1',
  source: '/families',
  subject: key,
  time: new Date(),
  data: { ...examples['homeroom.family.changed.v1'], version },
});
