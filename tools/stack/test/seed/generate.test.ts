import { describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from '../../seed/generate.ts';

const folder = join(import.meta.dirname, '../../seed');
const rowsOf = (file: string): Record<string, string>[] =>
  parse<Record<string, string>>(readFileSync(join(folder, file)), { columns: true });

test('the files are what the generator writes, every time', () => {
  const files = generate();
  expect(generate()).toEqual(files);
  for (const [name, text] of Object.entries(files)) expect(readFileSync(join(folder, name), 'utf8')).toBe(text);
});

describe('the co-op', () => {
  const families = rowsOf('families.csv');
  const children = rowsOf('children.csv');
  const classes = rowsOf('classes.csv');
  const wishes = rowsOf('wishes.csv');
  const sum = (numbers: number[]): number => numbers.reduce((all, one) => all + one, 0);

  test('has 300 families, 700 children, 40 classes, and more wishes than seats', () => {
    expect(families.length).toBeGreaterThanOrEqual(300);
    expect(children.length).toBeGreaterThanOrEqual(700);
    expect(classes.length).toBeGreaterThanOrEqual(40);
    expect(wishes.length).toBeGreaterThan(sum(classes.map((row) => Number(row['capacity']))));
  });

  test('is consistent: emails and titles are unique, every child has a family, every wish a child and a class', () => {
    const emails = new Set(families.map(({ email }) => email));
    const titles = new Set(classes.map(({ title }) => title));
    const known = new Set(children.map(({ email, child }) => `${email!} ${child!}`));
    expect([emails.size, titles.size, known.size]).toEqual([families.length, classes.length, children.length]);
    expect(children.filter(({ email }) => !emails.has(email))).toEqual([]);
    expect(
      wishes.filter(({ email, child, class: title }) => !known.has(`${email!} ${child!}`) || !titles.has(title)),
    ).toEqual([]);
  });

  test('has names that break what is easily broken', () => {
    const names = children.map(({ child }) => child!).join('\n');
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

  test('meets on the weekday that each class names, and gives some classes away', () => {
    const weekday = (day: string): string =>
      new Date(day).toLocaleDateString('en', { weekday: 'long', timeZone: 'UTC' }).toLowerCase();
    expect(classes.filter((row) => weekday(row['first_day']!) !== row['weekday'])).toEqual([]);
    expect(classes.filter(({ price }) => price === '0.00').length).toBeGreaterThan(2);
  });
});
