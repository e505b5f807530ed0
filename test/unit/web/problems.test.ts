import { expect, it } from 'vitest';
import { monthChoices, monthIn, monthText } from '../../../src/web/text/months.js';
import { problemTexts } from '../../../src/web/text/problems.js';

it('problems are named once, with the number of those that are not shown', () => {
  const bad = { key: 'billing:user:u1', field: 'job_count', problem: 'is negative: -2' };
  const none = { key: 'billing:user:u2', field: null, problem: 'is not a hash' };
  expect(problemTexts([[bad, none], [bad]])).toEqual([
    'job_count of billing:user:u1 is negative: -2',
    'billing:user:u2 is not a hash',
  ]);
  const many = Array.from({ length: 8 }, (_, index) => ({ ...bad, key: `k${index}` }));
  expect(problemTexts([many]).at(-1)).toBe('3 more counters have problems');
});

it('months to choose from have the chosen one', () => {
  expect(monthChoices('2026-02', '2025-07', 3)).toEqual([
    '2026-02',
    '2026-01',
    '2025-12',
    '2025-07',
  ]);
  expect(monthIn('2026-13')).toBeUndefined();
  expect(monthText('2026-11')).toBe('November 2026');
});
