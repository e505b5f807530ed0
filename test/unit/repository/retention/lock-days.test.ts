import { expect, it } from 'vitest';
import { lockDaysOf } from '../../../../src/repository/retention/lock-days.js';
import type { RetentionPolicy } from '../../../../src/repository/retention/policy.js';

it.each<[RetentionPolicy, number | undefined]>([
  [{ days: 30 }, 30],
  [{ days: 30, hourly: 48, yearly: 3 }, 30],
  // Hourlies do not stay locked for a year.
  [{ hourly: 48, daily: 7, weekly: 5, monthly: 12, yearly: 3 }, 2],
  [{ daily: 7, monthly: 12 }, 7],
  [{ weekly: 5 }, 35],
  [{ yearly: 2 }, 732],
  [{ hourly: 3 }, 1],
  [{ days: 2, daily: 7 }, 7],
  [{ last: 5 }, undefined],
  [{}, undefined],
  [{ days: 0, daily: 0 }, undefined],
])('%j locks for %s days', (policy, days) => {
  expect(lockDaysOf(policy)).toBe(days);
});
