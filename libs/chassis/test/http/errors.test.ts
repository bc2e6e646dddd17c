import { chassisErrors, defineErrors } from '@homeroom/chassis';
import { jargonRows } from '@homeroom/testing';
import { describe, expect, test } from '@jest/globals';

const errors = defineErrors({
  family_not_found: { status: 404, title: 'No such family' },
  ledger_down: { status: 503, title: 'The ledger is unavailable', retryAfterSeconds: 7 },
});
const body = (code: 'family_not_found' | 'ledger_down' | 'internal', detail?: string): Record<string, unknown> =>
  JSON.parse(errors.problem(code, detail).body('r-1')) as Record<string, unknown>;

describe('an error table', () => {
  test('makes problems with a stable code, the sentence of the table and the request id', () => {
    expect(body('family_not_found', 'it has moved')).toEqual({
      type: 'https://homeroom.dev/problems/family_not_found',
      title: 'No such family',
      status: 404,
      code: 'family_not_found',
      detail: 'it has moved',
      instance: 'r-1',
    });
  });

  test('says nothing from 500 up that is not in the table', () => {
    expect(body('internal', 'connect ECONNREFUSED 10.0.0.7')).not.toHaveProperty('detail');
  });

  test('sends Retry-After where the table has one, or the occasion its own', () => {
    expect(errors.problem('ledger_down').headers()).toMatchObject({ 'retry-after': '7' });
    expect(errors.problem('ledger_down', undefined, { retryAfterSeconds: 0.2 }).headers()).toMatchObject({
      'retry-after': '1',
    });
    expect(errors.problem('family_not_found').headers()).not.toHaveProperty('retry-after');
  });

  test('keeps its own rows apart from the chassis’, and refuses to redefine one', () => {
    expect(Object.keys(errors.own)).toEqual(['family_not_found', 'ledger_down']);
    expect(errors.entries).toMatchObject(chassisErrors);
    expect(() => defineErrors({ not_found: { status: 404, title: 'x' } })).toThrow('belongs to the chassis');
    expect(() => defineErrors({ NotFound: { status: 404, title: 'x' } })).toThrow('lower_snake_case');
  });
});

test('every title of a 4xx is a sentence for a parent', () => {
  expect(jargonRows(chassisErrors)).toEqual([]);
  expect(jargonRows({ a: { status: 422, title: 'The JSON body has no familyId' } })).toHaveLength(1);
});
