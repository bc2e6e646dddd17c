import { expect, test } from '@jest/globals';
import { judge, readExceptions } from '../src/kube-score.ts';

const finding = { render: 'default', rule: 'low-user', object: 'StatefulSet/homeroom-data-redis-cache' };
const exception = { rule: 'low-user', objects: ['StatefulSet/homeroom-data-redis-*'], reason: 'the image has it' };

test('a critical finding is accepted when it is listed', () => {
  expect(judge([finding], [exception])).toEqual([]);
});

test.each([
  ['is not listed', finding, []],
  ['is listed for another rule', finding, [{ ...exception, rule: 'writable-root' }]],
  ['is listed for another object', finding, [{ ...exception, objects: ['StatefulSet/homeroom-data-kafka'] }]],
  ['is listed for another render', finding, [{ ...exception, renders: ['development'] }]],
])('a critical finding that %s is a fault', (_, found, exceptions) => {
  expect(judge([found], exceptions)[0]).toBe(
    'StatefulSet/homeroom-data-redis-cache fails low-user (default): fix it, or list it with a reason',
  );
});

test('an exception that covers nothing any more is a fault, for each object and render', () => {
  expect(judge([], [{ ...exception, renders: ['default', 'development'] }])).toEqual([
    'StatefulSet/homeroom-data-redis-* no longer fails low-user (default): remove it from the list',
    'StatefulSet/homeroom-data-redis-* no longer fails low-user (development): remove it from the list',
  ]);
});

test('every exception has a reason', () => {
  for (const { rule, objects, reason } of readExceptions())
    expect([rule, objects.length > 0, reason.length > 20]).toEqual([rule, true, true]);
});
