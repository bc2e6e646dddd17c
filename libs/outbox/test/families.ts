import { examples, type DomainEvent } from '@homeroom/contracts';
import { randomUUID } from 'node:crypto';

/** A change of family `key`, ordered by `version`. */
export const changed = (key: string, version: number): DomainEvent<'homeroom.family.changed.v1'> => ({
  id: randomUUID(),
  type: 'homeroom.family.changed.v1',
  source: '/families',
  subject: key,
  time: new Date(),
  data: { ...examples['homeroom.family.changed.v1'], version },
});
