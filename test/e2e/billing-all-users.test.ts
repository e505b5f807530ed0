import { beforeEach, describe, expect, it } from 'vitest';
import { dayFromToday, monthFromThis, useBillingRedis } from '../helpers/billing-records.js';
import { run, runJson } from '../helpers/cli.js';

interface Row {
  user_id: string;
  bytes_processed: number;
  estimated_cost: number;
  month?: { state: string; gross_cost: number | null; net_cost: number | null };
}
interface AllUsers {
  total_users: number;
  users: Row[];
  totals: { estimated_cost: number; bytes_processed: number; month?: Record<string, unknown> };
  problems: unknown[];
}

const { records, env } = useBillingRedis();
const allUsers = (...args: string[]) =>
  runJson<AllUsers>(['billing', 'all-users', ...args], { env: env() });
const idsOf = ({ users }: AllUsers) => users.map(({ user_id }) => user_id);

const lastMonth = monthFromThis(-1);

describe('billing all-users', () => {
  beforeEach(async () => {
    await records().user('bytes', { bytes_processed: 9 * 1024 ** 3, job_count: 1 });
    await records().user('seconds', { compute_seconds: 5000, job_count: 2 });
    await records().user('jobs', { bytes_processed: 1024 ** 3, job_count: 9 });
    await records().user('a:b', { bytes_processed: 1024 ** 3, job_count: 1, jobs_failed: 1 });
    // Neither is a user.
    await records().redis.set('billing:userless', 'x');
    await records().job('1', { user_id: 'bytes', bytes_processed: 1 });
  });

  it('lists each with the fields of its summary, and the totals of all', async () => {
    const { exitCode, answer, stderr } = await allUsers();
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(answer.total_users).toBe(4);
    expect(answer.users[0]).toEqual({
      ...{ user_id: 'seconds', bytes_processed: 0, bytes_processed_gb: 0, compute_seconds: 5000 },
      ...{ compute_hours: 1.388889, job_count: 2, jobs_completed: 0, jobs_failed: 0 },
      ...{ jobs_skipped: 0, estimated_cost: 0.5, estimated_cost_exact: '0.5' },
    });
    expect(answer.totals).toEqual({
      ...{ bytes_processed: 11 * 1024 ** 3, compute_seconds: 5000, job_count: 13 },
      ...{ jobs_completed: 0, jobs_failed: 1, jobs_skipped: 0 },
      ...{ estimated_cost: 0.511, estimated_cost_exact: '0.511' },
    });
  });

  it.each([
    ['cost', ['seconds', 'bytes', 'a:b', 'jobs']],
    ['bytes', ['bytes', 'a:b', 'jobs', 'seconds']],
    ['compute', ['seconds', 'a:b', 'bytes', 'jobs']],
    ['jobs', ['jobs', 'seconds', 'a:b', 'bytes']],
    ['user', ['a:b', 'bytes', 'jobs', 'seconds']],
  ])('sorts by %s, equal ones by name', async (key, ids) => {
    expect(idsOf((await allUsers('--sort', key)).answer)).toEqual(ids);
  });

  it('writes them as they are read with --sort none, and then the same totals', async () => {
    const sorted = await allUsers('--sort', 'user');
    const { exitCode, answer } = await allUsers('--sort', 'none');
    expect(exitCode).toBe(0);
    const byName = [...answer.users].sort((a, b) => (a.user_id < b.user_id ? -1 : 1));
    expect({ ...answer, users: byName }).toEqual(sorted.answer);
    const top = await allUsers('--sort', 'none', '--top', '2');
    expect(top.answer).toMatchObject({ total_users: 4, totals: sorted.answer.totals });
    expect(top.answer.users).toEqual(answer.users.slice(0, 2));
    const { stdout } = await run(['billing', 'all-users', '--sort', 'none', '--top', '2'], {
      env: env(),
    });
    expect(stdout).toContain('2 of 4 users, $0.5110 gross in all');
  });

  it('lists the --top of them with the totals of all', async () => {
    const { answer } = await allUsers('--top', '2');
    expect(idsOf(answer)).toEqual(['seconds', 'bytes']);
    expect(answer).toMatchObject({ total_users: 4, totals: { estimated_cost: 0.511 } });
    const { stdout } = await run(['billing', 'all-users', '--top', '2'], { env: env() });
    expect(stdout).toContain('2 of 4 users, $0.5110 gross in all');
  });

  it('prints CSV in which no cell is a formula', async () => {
    await records().user('=1+1', { bytes_processed: 1 });
    const args = ['billing', 'all-users', '--sort', 'user', '--csv'];
    const { stdout } = await run(args, { env: env() });
    expect(stdout.split(/\r?\n/).slice(0, 2)).toEqual([
      'user_id,bytes_processed,compute_seconds,job_count,estimated_cost',
      "'=1+1,1,0,0,0",
    ]);
  });

  it('names what cannot be read and goes on: status 3', async () => {
    await records().user('bytes', { bytes_processed: '12 GB' });
    await records().redis.sadd('billing:user:set', 'x');
    const { exitCode, answer, stderr } = await allUsers('--sort', 'user');
    expect(exitCode).toBe(3);
    expect(idsOf(answer)).toEqual(['a:b', 'bytes', 'jobs', 'seconds']);
    expect(answer.problems).toHaveLength(2);
    expect(answer.problems).toEqual(
      expect.arrayContaining([
        {
          ...{ key: 'billing:user:bytes', field: 'bytes_processed' },
          problem: 'is not a number: "12 GB"',
        },
        { key: 'billing:user:set', field: null, problem: 'is not a hash' },
      ]),
    );
    expect(stderr).toContain('bytes_processed of billing:user:bytes is not a number');
    expect(stderr).toContain('billing:user:set is not a hash');
  });
});

describe('billing all-users --month', () => {
  const seconds = (dollars: number) => ({ compute_seconds: dollars * 10_000 });

  it('bills each user with the discount of their own, also one who was reset', async () => {
    await records().user('rich', seconds(9000));
    await records().day('rich', `${lastMonth}-01`, seconds(300));
    await records().day('rich', `${lastMonth}-28`, seconds(200));
    await records().user('idle', seconds(5));
    await records().day('reset:2026', `${lastMonth}-02`, seconds(100));
    await records().day('rich', dayFromToday(-80), seconds(7777));
    const { exitCode, answer, stderr } = await allUsers('--month', lastMonth);
    expect(exitCode).toBe(0);
    expect(stderr).toContain(
      `1 user with usage in ${lastMonth} has no lifetime record, because of a reset`,
    );
    expect(answer).toMatchObject({
      ...{ total_users: 3, month: lastMonth },
      users: [
        {
          ...{ user_id: 'rich', estimated_cost: 9000 },
          month: { state: 'final', gross_cost: 500, discount_percent: 20, net_cost: 400 },
        },
        {
          ...{ user_id: 'reset:2026', estimated_cost: 0 },
          month: { gross_cost: 100, discount_percent: 10, net_cost: 90 },
        },
        { user_id: 'idle', month: { gross_cost: 0, discount_percent: 0, net_cost: 0 } },
      ],
      totals: { month: { compute_seconds: 6_000_000, gross_cost: 600, net_cost: 490 } },
    });
    const people = await run(['billing', 'all-users', '--month', lastMonth], { env: env() });
    expect(people.stdout).toContain(
      `3 users in ${lastMonth}: $600.0000 gross, $490.0000 net in all`,
    );
  });

  it('bills the same with --sort none', async () => {
    await records().user('rich', seconds(9000));
    await records().day('rich', `${lastMonth}-01`, seconds(300));
    await records().day('reset', `${lastMonth}-02`, seconds(100));
    await records().day('low', `${lastMonth}-02`, { bytes_processed: -1 });
    const args = ['--month', lastMonth, '--sort'];
    const sorted = await allUsers(...args, 'cost');
    const { exitCode, answer, stderr } = await allUsers(...args, 'none');
    expect(exitCode).toBe(3);
    expect(stderr).toBe(sorted.stderr);
    const last = (users: Row[]) => users.toSorted((a, b) => (a.user_id < b.user_id ? -1 : 1));
    expect({ ...answer, users: last(answer.users) }).toEqual({
      ...sorted.answer,
      users: last(sorted.answer.users),
    });
    expect(idsOf(answer)[0], 'who has a record comes first').toBe('rich');
  });

  it('has nulls and no sum where the month is expired: status 3', async () => {
    const long = monthFromThis(-5);
    await records().user('rich', seconds(9000));
    await records().day('rich', `${long}-28`, seconds(300));
    const { exitCode, answer, stderr } = await allUsers('--month', long);
    expect(exitCode).toBe(3);
    expect(answer.users[0]?.month).toMatchObject({ state: 'expired', gross_cost: null });
    const none = { bytes_processed: null, gross_cost: null, net_cost: null };
    expect(answer.totals.month).toMatchObject(none);
    expect(stderr).toContain(`the counters of ${long} have expired`);
  });

  it('refuses a month that has not begun', async () => {
    const { exitCode } = await allUsers('--month', monthFromThis(1));
    expect(exitCode).toBe(2);
  });
});

describe('an empty database', () => {
  it('has no users, and totals of zero', async () => {
    const { exitCode, answer } = await allUsers();
    expect(exitCode).toBe(0);
    expect(answer).toMatchObject({ total_users: 0, users: [], totals: { estimated_cost: 0 } });
    const people = await run(['billing', 'all-users'], { env: env() });
    expect(people.stdout).toContain('no users');
  });

  it('has a month of zeros', async () => {
    const { exitCode, answer } = await allUsers('--month', lastMonth);
    expect(exitCode).toBe(0);
    expect(answer).toMatchObject({
      ...{ total_users: 0, users: [] },
      totals: {
        month: { bytes_processed: 0, compute_seconds: 0, job_count: 0, gross_cost: 0, net_cost: 0 },
      },
    });
  });
});
