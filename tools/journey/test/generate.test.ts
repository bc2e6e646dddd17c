import { describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from '../seed/generate.ts';

const folder = join(import.meta.dirname, '../seed');
const rowsOf = (file: string): Record<string, string>[] =>
  parse<Record<string, string>>(readFileSync(join(folder, file)), { columns: true });

test('the files are what the generator writes, every time', () => {
  const files = generate();
  expect(generate()).toEqual(files);
  for (const [name, text] of Object.entries(files)) expect(readFileSync(join(folder, name), 'utf8')).toBe(text);
});

describe('the co-op', () => {
  const children = rowsOf('families.csv');
  const classes = rowsOf('classes.csv');
  const wishes = rowsOf('wishes.csv');
  const sum = (numbers: number[]): number => numbers.reduce((all, one) => all + one, 0);

  test('has 300 families, 700 children, 40 classes, and more wishes than seats', () => {
    expect(new Set(children.map((row) => row['guardian_email'])).size).toBeGreaterThanOrEqual(300);
    expect(children.length).toBeGreaterThanOrEqual(700);
    expect(classes.length).toBeGreaterThanOrEqual(40);
    expect(wishes.length).toBeGreaterThan(sum(classes.map((row) => Number(row['capacity']))));
  });

  test('is consistent: titles are unique, a family is the same in each of its rows, every wish has a child and a class', () => {
    const titles = new Set(classes.map(({ title }) => title));
    const known = new Set(children.map((row) => `${row['guardian_email']!} ${row['child_name']!}`));
    const families = new Set(
      children.map((row) => JSON.stringify({ ...row, child_name: undefined, child_birth_date: undefined })),
    );
    expect([titles.size, known.size]).toEqual([classes.length, children.length]);
    expect(families.size).toBe(new Set(children.map((row) => row['guardian_email'])).size);
    const lost = wishes.filter(
      (row) => !known.has(`${row['guardian_email']!} ${row['child_name']!}`) || !titles.has(row['class_title']),
    );
    expect(lost).toEqual([]);
  });

  test('has names that break what is easily broken', () => {
    const names = children.map((row) => row['child_name']!).join('\n');
    for (const kind of [
      /['’]/,
      /-/,
      /[À-ž]/,
      /\p{Script=Han}/u,
      /\p{Script=Hangul}/u,
      /\p{Script=Arabic}/u,
      /\p{Script=Hebrew}/u,
    ]) {
      expect(names).toMatch(kind);
    }
    expect(names).toBe(names.normalize('NFC'));
  });

  test('meets on the weekday that each class names, and has some free classes', () => {
    const weekday = (day: string): string =>
      new Date(day).toLocaleDateString('en', { weekday: 'long', timeZone: 'UTC' }).toLowerCase();
    expect(classes.filter((row) => weekday(row['first_day']!) !== row['weekday'])).toEqual([]);
    expect(classes.filter(({ price }) => price === '0.00').length).toBeGreaterThan(2);
  });
});
