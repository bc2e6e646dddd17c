import { isRefused, refused, type Refused } from '@homeroom/chassis';
import type { FamilySnapshot, NewEvent } from '@homeroom/contracts';
import { v7 as uuidv7 } from 'uuid';
import { maxChildren, type Child, type Family, type FamilyPatch, type NewChild, type Registration } from './schemas.ts';
import { nameKey } from './words.ts';

/** Why a family was not changed. */
export type FamilyRefused = Refused<
  'family_not_found' | 'child_exists' | 'child_not_found' | 'guardian_not_found' | 'too_many_children'
>;

/** The family as it will be, its version not yet raised, or why it stays as it is. */
export type Decision = Family | FamilyRefused;

const sameChild = (a: NewChild, b: NewChild): boolean =>
  a.birthDate === b.birthDate && nameKey(a.name) === nameKey(b.name);

const refuseDuplicate = ({ name }: Child): FamilyRefused =>
  refused('child_exists', `${name} is in this family already, with the same birth date.`);

export function newFamily(
  given: Omit<Registration, 'guardian'> & { guardian: Omit<Registration['guardian'], 'password'> },
  { emailVerified = false } = {},
): Decision {
  const { name, email, phone } = given.guardian;
  const empty: Family = {
    id: uuidv7(),
    version: 1,
    name: given.name,
    address: given.address,
    // field by field: the input also holds the password
    guardians: [{ id: uuidv7(), name, email, emailVerified, phone }],
    children: [],
  };
  return (given.children ?? []).reduce<Decision>(
    (decision, child) => (isRefused(decision) ? decision : addChild(decision, { ...child, id: uuidv7() })),
    empty,
  );
}

export function changeDetails(family: Family, patch: FamilyPatch): Decision {
  const changes = new Map(patch.guardians?.map((guardian) => [guardian.id, guardian]));
  const known = new Set(family.guardians.map(({ id }) => id));
  if ([...changes.keys()].some((id) => !known.has(id))) return refused('guardian_not_found');
  const guardians = family.guardians.map((guardian) => {
    const change = changes.get(guardian.id);
    if (change === undefined) return guardian;
    const phone = change.phone === undefined ? guardian.phone : (change.phone ?? undefined);
    return { ...guardian, name: change.name ?? guardian.name, phone };
  });
  const address = patch.address === undefined ? family.address : (patch.address ?? undefined);
  return { ...family, name: patch.name ?? family.name, address, guardians };
}

export const isUnverified = ({ guardians }: Family): boolean => guardians.some(({ emailVerified }) => !emailVerified);

export const withVerifiedGuardian = (family: Family, guardianId: string): Family => ({
  ...family,
  guardians: family.guardians.map((guardian) =>
    guardian.id === guardianId ? { ...guardian, emailVerified: true } : guardian,
  ),
});

export function addChild(family: Family, child: Child): Decision {
  const same = family.children.find((other) => sameChild(other, child));
  if (same !== undefined) return refuseDuplicate(same);
  if (family.children.length >= maxChildren) return refused('too_many_children');
  return { ...family, children: [...family.children, child] };
}

export function changeChild(
  family: Family,
  childId: string,
  patch: { [Field in keyof NewChild]?: NewChild[Field] | undefined },
): Decision {
  const child = family.children.find(({ id }) => id === childId);
  if (child === undefined) return refused('child_not_found');
  const changed = { ...child, name: patch.name ?? child.name, birthDate: patch.birthDate ?? child.birthDate };
  // one child in two spellings, from before spellings were compared: both may be corrected, but not into one
  const wasThere = (other: Child): boolean => sameChild(other, child) && other.name !== changed.name;
  const same = family.children.find((other) => other !== child && sameChild(other, changed) && !wasThere(other));
  if (same !== undefined) return refuseDuplicate(same);
  return { ...family, children: family.children.map((other) => (other === child ? changed : other)) };
}

export function removeChild(family: Family, childId: string): Decision {
  const children = family.children.filter(({ id }) => id !== childId);
  if (children.length === family.children.length) return refused('child_not_found');
  return { ...family, children };
}

/** The event that publishes the state of a family to the other services. */
export function familyEvent(
  type: 'homeroom.family.registered.v1' | 'homeroom.family.changed.v1',
  family: Family,
): NewEvent {
  return { id: uuidv7(), type, source: '/families', subject: family.id, time: new Date(), data: snapshotOf(family) };
}

const snapshotOf = ({ id, version, name, guardians, children }: Family): FamilySnapshot => ({
  familyId: id,
  version,
  name,
  guardians: guardians.map(({ id: guardianId, name, email, emailVerified }) => ({
    guardianId,
    name,
    email,
    emailVerified,
  })),
  children: children.map((child) => ({ childId: child.id, name: child.name, birthDate: child.birthDate })),
});
