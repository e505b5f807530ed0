import { expect, it } from 'vitest';
import {
  countDestroyed,
  refuseConflicts,
  refuseLargeDeletions,
} from '../../../../src/restore/plan/consent.js';
import { emptyPlan } from '../../../../src/restore/plan/decide.js';

const plan = (more: Partial<ReturnType<typeof emptyPlan>>) => ({
  ...emptyPlan('b', 'b', false),
  ...more,
});

it('up to a quarter of a bucket is removed unasked, of each bucket', () => {
  refuseLargeDeletions([plan({ listed: 4, delete: 1 }), plan({ listed: 0, delete: 0 })]);
  const large = [plan({ listed: 1000, delete: 1 }), plan({ listed: 399, delete: 100 })];
  expect(() => refuseLargeDeletions(large)).toThrow(/100 of 399 objects of b, more than a quarter/);
});

it('what would be lost is counted over all buckets', () => {
  expect(countDestroyed([plan({ overwrite: 2 }), plan({ overwrite: 1, delete: 4 })])).toEqual({
    overwrite: 3,
    delete: 4,
  });
});

it('a conflict refuses the whole restore', () => {
  refuseConflicts([plan({ overwrite: 2 })]);
  expect(() => refuseConflicts([plan({}), plan({ conflict: 2 })])).toThrow(/^2 objects/);
});
