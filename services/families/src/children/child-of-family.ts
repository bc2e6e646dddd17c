import { isRefused } from '@homeroom/chassis';
import type { FamilyRefused } from '../families/family.ts';
import type { Family } from '../families/schemas.ts';
import type { ChildOfFamily } from './schemas.ts';

/** A child as its family has it now, or why the family was not changed. */
export function childIn(outcome: Family | FamilyRefused, childId: string): ChildOfFamily | FamilyRefused {
  if (isRefused(outcome)) return outcome;
  const child = outcome.children.find(({ id }) => id === childId);
  if (child === undefined) throw new Error(`family ${outcome.id} has no child ${childId}`);
  return { ...child, familyId: outcome.id, familyVersion: outcome.version };
}
