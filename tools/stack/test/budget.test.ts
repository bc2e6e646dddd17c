import { describe, expect, test } from '@jest/globals';
import { checkBudget, planConnections, RESERVE } from '../src/engines/budget.ts';

describe('the connection budget', () => {
  test('shares what the formula gives among all processes', () => {
    // 32 cores can work on 65 queries at once; nine processes share them, and each of three workers holds one more
    expect(planConnections(32)).toEqual({ poolSize: 7, replicaPoolSize: 7, planned: 9 * 7 + 3 });
  });

  test('never leaves a process with fewer than two', () => {
    expect(planConnections(1).poolSize).toBe(2);
  });

  test('refuses a server that accepts too few, with the sum in the sentence', () => {
    const budget = planConnections(2, 20);
    expect(() => checkBudget(budget, budget.planned + RESERVE)).not.toThrow();
    expect(() => checkBudget(budget, 100)).toThrow(
      /accepts 100 connections, the stack plans 183 \(pools of 20\) and keeps 10 in reserve: raise max_connections to 193/,
    );
  });
});
