import { isRefused } from '@homeroom/chassis';
import type { RowReport } from '@homeroom/csv';
import { v7 as uuidv7 } from 'uuid';
import { addChild, isUnverified } from '../families/family.ts';
import { maxChildren, type Family } from '../families/schemas.ts';
import type { RosterRow } from './parse-roster.ts';

/** What became of a family, and of each of its rows. */
export interface Outcome {
  readonly action: RowReport['action'];
  readonly rows: readonly RowReport[];
}

/** Reveals nothing about the family: it may not be the one that the coordinator means. */
const unverifiedReason =
  'An account was registered with this address, but the address is not verified. Ask the family to open the link in its verification mail, or to reset its password, then import the row again.';
const coordinatorReason = 'belongs to an account that is not a guardian’s. Use another address of the family.';

/**
 * What the rows of a guardian's email make of the account that has it.
 * @returns the family with its new children; `before` itself when it has all of them, or must not be changed.
 */
export function outcomeOf(
  before: Family | 'coordinator',
  rows: readonly RosterRow[],
): { family: Family | 'coordinator'; outcome: Outcome } {
  if (before === 'coordinator') return { family: before, outcome: rejectAll(rows, coordinatorReason) };
  if (isUnverified(before)) return { family: before, outcome: rejectAll(rows, unverifiedReason) };
  const added = addRows(before, rows);
  const action = added.family === before ? 'unchanged' : 'updated';
  return { family: added.family, outcome: { action, rows: reportsOf(added.rows, { id: before.id }) } };
}

const rejectAll = (rows: readonly RosterRow[], reason: string): Outcome => ({
  action: 'rejected',
  rows: rows.map(({ line, data }) => {
    const value = data.guardian.email.slice(0, 60);
    return { action: 'rejected', line, field: 'guardian_email', reason, value };
  }),
});

/** Adds the children of rows to their family; the same family when it has all of them. */
export function addRows(before: Family, given: readonly RosterRow[]): { family: Family; rows: readonly RowReport[] } {
  let family = before;
  const rows = given.map(({ line, data: { child } }): RowReport => {
    const decision = child === undefined ? undefined : addChild(family, { id: uuidv7(), ...child });
    if (child === undefined || decision === undefined) return { line, action: 'unchanged' };
    if (isRefused(decision)) {
      if (decision.code === 'child_exists') return { line, action: 'unchanged' };
      const reason = `a family can have at most ${maxChildren} children`;
      return { line, action: 'rejected', field: 'child_name', reason, value: child.name.slice(0, 60) };
    }
    family = decision;
    const changes = [
      { field: 'child_name', from: null, to: child.name },
      { field: 'child_birth_date', from: null, to: child.birthDate },
    ];
    return { line, action: 'updated', changes };
  });
  return { family, rows };
}

/** Reports with what is known of the whole family. */
export const reportsOf = (
  rows: readonly RowReport[],
  known: { action?: 'created'; id: string | undefined; changes?: undefined },
): RowReport[] => rows.map((row) => (row.action === 'rejected' ? row : { ...row, ...known }));
