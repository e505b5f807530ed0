import { describe, expect, it } from 'vitest';
import type { AllUsersDocument } from '../../../../src/web/data/documents.js';
import { decimalOf } from '../../../../src/web/text/decimal.js';
import {
  found,
  rowOf,
  shareOf,
  sorted,
  sortIn,
  topUsers,
  totalsOf,
  type UserRow,
} from '../../../../src/web/users/user-list.js';

const row = (user: string, cost: string, more: Partial<UserRow> = {}): UserRow => ({
  ...{ user, bytes: 0n, seconds: 0, jobs: 0n, failed: undefined, discount: 0 },
  ...{ gross: decimalOf(cost), cost: decimalOf(cost) },
  ...more,
});
const namesOf = (rows: readonly UserRow[]) => rows.map(({ user }) => user);

const usage = {
  ...{ bytes_processed: 5, compute_seconds: 1.5, job_count: 3 },
  ...{ jobs_completed: 2, jobs_failed: 1, jobs_skipped: 0 },
};
const user: AllUsersDocument['users'][number] = {
  ...{ user_id: 'alice', ...usage, bytes_processed_gb: 0, compute_hours: 0 },
  ...{ estimated_cost: 0.361, estimated_cost_exact: '0.361' },
};

describe('the list of users', () => {
  it('shows the whole life without a month', () => {
    const shown = rowOf(user);
    expect(shown).toMatchObject({ user: 'alice', bytes: 5n, jobs: 3n, failed: 1n });
    expect(shown.discount).toBeUndefined();
    expect(shown.cost).toEqual(decimalOf('0.361'));
  });

  it('knows nothing of an expired month', () => {
    const month = {
      ...{ month: '2026-07', state: 'expired' as const },
      ...{ bytes_processed: null, compute_seconds: null, job_count: null },
      ...{ gross_cost: null, gross_cost_exact: null, discount_percent: null },
      ...{ discount_threshold: null, discount: null, net_cost: null, net_cost_exact: null },
    };
    const { bytes, cost, failed } = rowOf({ ...user, month });
    expect([bytes, cost, failed]).toEqual([undefined, undefined, undefined]);
    const totals = { ...usage, estimated_cost: 1, estimated_cost_exact: '1', month };
    const document = { total_users: 1, users: [], totals, problems: [] };
    expect(totalsOf(document).cost).toBeUndefined();
  });

  it('is sorted exactly, equal ones by name', () => {
    const rows = [
      row('b', '9007199254740993.0000000001', { jobs: 1n }),
      row('c', '9007199254740993.0000000002', { jobs: 2n }),
      row('a', '1', { jobs: 2n }),
    ];
    expect(namesOf(sorted(rows, 'cost'))).toEqual(['c', 'b', 'a']);
    expect(namesOf(sorted(rows, 'jobs'))).toEqual(['a', 'c', 'b']);
    expect(namesOf(sorted(rows, 'user'))).toEqual(['a', 'b', 'c']);
    expect(namesOf(rows)).toEqual(['b', 'c', 'a']);
  });

  it('is searched whatever the case', () => {
    expect(namesOf(found([row('Nami', '1'), row('bob', '1')], 'nAM'))).toEqual(['Nami']);
  });

  it('has an order that is known', () => {
    expect(sortIn('bytes')).toBe('bytes');
    expect(sortIn('none')).toBe('cost');
  });
});

describe('who makes most of it', () => {
  it('are three of many', () => {
    const rows = ['5', '20', '60', '10', '5'].map((cost, index) => row(`u${index}`, cost));
    expect(topUsers(rows, decimalOf('100'))).toEqual({ names: ['u2', 'u1', 'u3'], percent: '90' });
  });

  it('is one of a few', () => {
    const rows = [row('a', '1'), row('b', '2'), row('c', '0')];
    expect(topUsers(rows, decimalOf('3'))).toEqual({ names: ['b'], percent: '67' });
  });

  it('is nobody where one owes all, or nothing is owed', () => {
    expect(topUsers([row('a', '1'), row('b', '0')], decimalOf('1'))).toBeUndefined();
    expect(topUsers([row('a', '0')], decimalOf('0'))).toBeUndefined();
    expect(topUsers([], undefined)).toBeUndefined();
  });

  it('has a bar within its track', () => {
    expect(shareOf(decimalOf('1'), decimalOf('4'))).toBe(25);
    expect(shareOf(decimalOf('-1'), decimalOf('4'))).toBe(0);
    expect(shareOf(decimalOf('1'), decimalOf('0'))).toBe(0);
    expect(shareOf(undefined, decimalOf('4'))).toBe(0);
  });
});
