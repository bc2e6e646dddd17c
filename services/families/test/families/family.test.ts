import { isRefused, refused } from '@homeroom/chassis';
import { eventTypes } from '@homeroom/contracts';
import { describe, expect, test } from '@jest/globals';
import {
  addChild,
  changeChild,
  changeDetails,
  familyEvent,
  newFamily,
  removeChild,
  type Decision,
} from '../../src/families/family.ts';
import { maxChildren, type Family } from '../../src/families/schemas.ts';

const taken = (decision: Decision): Family => {
  if (isRefused(decision)) throw new Error(decision.code);
  return decision;
};
const maya = { id: 'maya', name: 'Maya', birthDate: '2017-04-02' };
const family = taken(
  newFamily({ name: 'Okafor', guardian: { name: 'Ngozi', email: 'n@example.org', phone: '1' }, children: [maya] }),
);

test('a new family has version 1, ids, and nothing of a guardian but what is meant to be published', () => {
  const guardian = { name: 'N', email: 'n@example.org', password: 'secret' };
  expect(taken(newFamily({ name: 'X', guardian }))).toEqual({
    id: expect.any(String),
    version: 1,
    name: 'X',
    guardians: [{ id: expect.any(String), name: 'N', email: 'n@example.org', emailVerified: false }],
    children: [],
  });
});

test('children are distinguished by name and birth date together', () => {
  const detail = 'Maya is in this family already, with the same birth date.';
  for (const name of ['Maya', ' maya', 'MÁYA', 'Máya!']) {
    expect(addChild(family, { ...maya, id: 'again', name })).toEqual(refused('child_exists', detail));
  }
  expect(taken(addChild(family, { ...maya, id: 'twin', name: 'Mia' })).children).toHaveLength(2);
  expect(taken(addChild(family, { ...maya, id: 'cousin', birthDate: '2018-04-02' })).children).toHaveLength(2);
});

test('a family has a maximum size', () => {
  const child = (n: number) => ({ name: `Child ${n}`, birthDate: '2017-04-02' });
  const full = Array.from({ length: maxChildren }, (_, n) => child(n));
  const guardian = { name: 'N', email: 'n@example.org' };
  const large = taken(newFamily({ name: 'X', guardian, children: full }));
  expect(addChild(large, { id: 'x', ...child(maxChildren) })).toEqual(refused('too_many_children'));
  expect(newFamily({ name: 'X', guardian, children: [...full, child(maxChildren)] })).toEqual(
    refused('too_many_children'),
  );
});

describe('changes', () => {
  test('leave alone what they do not name', () => {
    expect(taken(changeDetails(family, {}))).toEqual(family);
    const [guardian] = family.guardians;
    const renamed = taken(changeDetails(family, { guardians: [{ id: String(guardian?.id), name: 'Ada' }] }));
    expect(renamed).toEqual({ ...family, guardians: [{ ...guardian, name: 'Ada' }] });
    expect(taken(changeChild(family, family.children[0]?.id ?? '', {}))).toEqual(family);
  });

  test('of an unknown guardian or child are refused', () => {
    expect(changeDetails(family, { guardians: [{ id: 'unknown' }] })).toEqual(refused('guardian_not_found'));
    expect(changeChild(family, 'unknown', {})).toEqual(refused('child_not_found'));
    expect(removeChild(family, 'unknown')).toEqual(refused('child_not_found'));
  });

  test('make no two children the same, in any spelling', () => {
    const two = taken(addChild(family, { ...maya, id: 'ben', name: 'Ben' }));
    expect(changeChild(two, 'ben', { name: 'maya' })).toMatchObject({ code: 'child_exists' });
    expect(taken(changeChild(two, two.children[0]?.id ?? '', { name: 'MAYA' })).children[0]?.name).toBe('MAYA');
  });

  test('correct the two spellings of one child that a family has from before, but not into one', () => {
    const old: Family = { ...family, children: [maya, { ...maya, id: 'again', name: 'maya' }] };
    expect(taken(changeChild(old, 'again', { name: 'Máya' })).children[1]?.name).toBe('Máya');
    expect(taken(changeChild(old, 'again', { name: 'Ben' })).children[1]?.name).toBe('Ben');
    expect(changeChild(old, 'again', { name: 'Maya' })).toMatchObject({ code: 'child_exists' });
    expect(changeChild(old, 'again', {})).toEqual(old);
  });

  test('never touch the family that they are made from', () => {
    const before = structuredClone(family);
    addChild(family, { ...maya, id: 'x', name: 'X' });
    removeChild(family, family.children[0]?.id ?? '');
    changeDetails(family, { name: 'Y', address: null });
    expect(family).toEqual(before);
  });
});

test('an event is what its contract says, without address and phone', () => {
  const { data, subject } = familyEvent('homeroom.family.registered.v1', family);
  expect(subject).toBe(family.id);
  expect(eventTypes['homeroom.family.registered.v1'].schema.strict().parse(data)).toEqual(data);
  expect(JSON.stringify(data)).not.toContain('phone');
});
