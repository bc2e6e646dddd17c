import { z } from 'zod';
import { UnreadableCsvError } from './errors.ts';

/** What an importer knows of a column. */
export interface ColumnSpec<Cell extends z.ZodType = z.ZodType> {
  /** Reads its cells; an empty one is undefined. A column is required unless its cell is optional or has a default. */
  readonly cell: Cell;
  /** Other names of the column, compared like its own: without case, spaces, underscores, and hyphens. */
  readonly synonyms?: readonly string[];
  /** Its cells are dates: when one of them is day-first (13/02/2026), no other one is read as month-first. */
  readonly date?: boolean;
  /** Its cells are in no report. */
  readonly secret?: boolean;
}

export type Columns<Name extends string> = Readonly<Record<Name, ColumnSpec>>;

const isRequired = ({ cell }: ColumnSpec): boolean => !cell.safeParse(undefined).success;

export type ColumnNames = Readonly<Record<'required' | 'optional', readonly string[]>>;

/** The names of an importer's columns. */
export function columnNames(columns: Columns<string>): ColumnNames {
  const names = (required: boolean): string[] =>
    Object.keys(columns).filter((name) => columns[name] && isRequired(columns[name]) === required);
  return { required: names(true), optional: names(false) };
}

type Cells<C extends Columns<string>> = { -readonly [Name in keyof C]: C[Name]['cell'] };

/** The schema of a row: its cells by column. An importer adds its own rules and gives the row the form that it needs. */
export const rowOf = <C extends Columns<string>>(columns: C): z.ZodObject<Cells<C>> =>
  z.object(Object.fromEntries(Object.entries(columns).map(([name, { cell }]) => [name, cell])) as Cells<C>);

/** A column of the file that no importer column matches. */
export interface IgnoredColumn {
  readonly name: string;
  /** The column that may be meant. */
  readonly didYouMean?: string;
}

export interface Header<Name extends string> {
  /** By position in the file; undefined for a column that is ignored. */
  readonly names: readonly (Name | undefined)[];
  readonly ignoredColumns: readonly IgnoredColumn[];
}

const maxColumns = 200;
const shown = (name: string): string => `"${name.slice(0, 40)}"`;

/** A name as it is compared. */
const fold = (name: string): string =>
  name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s_.-]/g, '');

function namesOf<Name extends string>(columns: Columns<Name>): Map<string, Name> {
  const known = new Map<string, Name>();
  for (const [name, { synonyms = [] }] of Object.entries<ColumnSpec>(columns)) {
    for (const spelling of [name, ...synonyms]) known.set(fold(spelling), name as Name);
  }
  return known;
}

/** How many of these cells name a column. */
export function countKnown<Name extends string>(cells: readonly string[], columns: Columns<Name>): number {
  const known = namesOf(columns);
  return cells.filter((cell) => known.has(fold(cell))).length;
}

/**
 * Matches the first row of a file with the columns of an importer.
 * @throws {UnreadableCsvError} when a required column is missing, or two columns mean the same.
 */
export function matchHeader<Name extends string>(cells: readonly string[], columns: Columns<Name>): Header<Name> {
  if (cells.length > maxColumns) throw new UnreadableCsvError(`The file has more than ${maxColumns} columns.`);
  const known = namesOf(columns);
  const names = cells.map((cell) => known.get(fold(cell)));
  const mistakes: string[] = [];
  const unmatched = (Object.keys(columns) as Name[]).filter((name) => !names.includes(name));
  const ignoredColumns = cells
    .filter((cell, index) => names[index] === undefined && cell !== '')
    .map((name): IgnoredColumn => {
      const didYouMean = nearest(name, unmatched);
      return { name: name.slice(0, 100), ...(didYouMean === undefined ? {} : { didYouMean }) };
    });
  for (const name of unmatched.filter((candidate) => isRequired(columns[candidate]))) {
    const candidate = ignoredColumns.find(({ didYouMean }) => didYouMean === name);
    mistakes.push(
      `The column ${name} is missing.${candidate === undefined ? '' : ` Rename ${shown(candidate.name)} if it is meant.`}`,
    );
  }
  for (const name of new Set(names)) {
    const same = cells.filter((_, index) => name !== undefined && names[index] === name);
    if (same.length > 1) {
      mistakes.push(`More than one column is ${String(name)}: ${same.map(shown).join(', ')}. Remove all but one.`);
    }
  }
  if (mistakes.length > 0) throw new UnreadableCsvError(mistakes.slice(0, 10).join(' '));
  return { names, ignoredColumns };
}

/** The candidate that differs from the name by at most two letters. */
function nearest<Name extends string>(name: string, candidates: readonly Name[]): Name | undefined {
  const given = fold(name.slice(0, 60));
  return candidates
    .map((candidate) => ({ candidate, distance: editDistance(given, fold(candidate)) }))
    .filter(({ candidate, distance }) => distance <= Math.min(2, fold(candidate).length / 2))
    .sort((a, b) => a.distance - b.distance)[0]?.candidate;
}

/** Levenshtein: letters to insert, remove, or replace. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [row, letter] of Array.from(a).entries()) {
    const current = [row + 1];
    for (let column = 1; column <= b.length; column += 1) {
      const replaced = (previous[column - 1] ?? 0) + (letter === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
