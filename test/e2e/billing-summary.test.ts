import { beforeEach, describe, expect, it } from 'vitest';
import { dayFromToday, monthFromThis, useBillingRedis } from '../helpers/billing-records.js';
import { run, runJson } from '../helpers/cli.js';

const { records, env } = useBillingRedis();
const summary = (...args: string[]) =>
  runJson<Record<string, unknown>>(['billing', 'summary', ...args], { env: env() });
const shown = (...args: string[]) => run(['billing', 'summary', ...args], { env: env() });

const lastMonth = monthFromThis(-1);

describe('billing summary', () => {
  beforeEach(async () => {
    await records().user('alice', {
      bytes_processed: 3 * 1024 ** 3,
      compute_seconds: '7200.10000000000000009',
      job_count: 12,
      jobs_completed: 9,
      jobs_failed: 2,
      jobs_skipped: 1,
    });
    // The first and the last day of the month, and the days around it.
    const usage = { bytes_processed: 1024 ** 3, compute_seconds: 3600, job_count: 1 };
    const end = new Date(Date.parse(`${monthFromThis(0)}-01`) - 1).toISOString().slice(0, 10);
    await records().day('alice', `${lastMonth}-01`, usage);
    await records().day('alice', end, usage);
    await records().day('alice', `${monthFromThis(0)}-01`, { bytes_processed: 7 });
    await records().day('alice:x', `${lastMonth}-02`, usage);
  });

  it('has the fields of the HTTP API, and the month', async () => {
    const { exitCode, answer, stderr } = await summary('alice', '--month', lastMonth);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(answer).toEqual({
      user_id: 'alice',
      bytes_processed: 3 * 1024 ** 3,
      bytes_processed_gb: 3,
      compute_seconds: 7200.1,
      compute_hours: 2.000028,
      job_count: 12,
      jobs_completed: 9,
      jobs_failed: 2,
      jobs_skipped: 1,
      estimated_cost: 0.723,
      estimated_cost_exact: '0.72301',
      month: {
        month: lastMonth,
        state: 'final',
        bytes_processed: 2 * 1024 ** 3,
        compute_seconds: 7200,
        job_count: 2,
        gross_cost: 0.722,
        gross_cost_exact: '0.722',
        discount_percent: 0,
        discount_threshold: null,
        discount: 0,
        net_cost: 0.722,
        net_cost_exact: '0.722',
      },
      problems: [],
    });
  });

  it('is of the month that runs where none is asked for: open', async () => {
    const { exitCode, answer } = await summary('alice');
    expect(exitCode).toBe(0);
    const month = { month: monthFromThis(0), state: 'open', bytes_processed: 7 };
    expect(answer).toMatchObject({ month });
  });

  it('has nulls for a month that has lost days: status 3', async () => {
    const long = monthFromThis(-5);
    await records().day('alice', `${long}-28`, { bytes_processed: 1024 ** 3 });
    const { exitCode, answer } = await summary('alice', '--month', long);
    expect(exitCode).toBe(3);
    expect(answer).toMatchObject({
      estimated_cost: 0.723,
      month: {
        ...{ month: long, state: 'expired', bytes_processed: null, compute_seconds: null },
        ...{ job_count: null, gross_cost: null, gross_cost_exact: null, discount_percent: null },
        ...{ discount: null, net_cost: null, net_cost_exact: null },
      },
    });
    const people = await shown('alice', '--month', long);
    expect(people.exitCode).toBe(3);
    expect(people.stdout).toContain(`${long} (expired: some of its counters are gone`);
    expect(people.stdout).not.toContain('net');
  });

  it('takes BILLING_RETENTION_DAYS for the life of the days', async () => {
    const settings = { ...env(), BILLING_RETENTION_DAYS: '400' };
    const args = ['billing', 'summary', 'alice', '--month', monthFromThis(-5), '--json'];
    const { exitCode, stdout } = await run(args, { env: settings });
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ month: { state: 'final', gross_cost: 0 } });
  });

  it('takes the higher tier at exactly $500.00, and not a microsecond below it', async () => {
    const day = `${lastMonth}-15`;
    await records().day('rich', day, { compute_seconds: 5_000_000 });
    await records().day('almost', day, { compute_seconds: '4999999.999999' });
    expect((await summary('rich', '--month', lastMonth)).answer).toMatchObject({
      month: { gross_cost: 500, discount_percent: 20, discount_threshold: 500, net_cost: 400 },
    });
    expect((await summary('almost', '--month', lastMonth)).answer).toMatchObject({
      month: {
        ...{ gross_cost: 500, gross_cost_exact: '499.9999999999', discount_percent: 10 },
        ...{ discount_threshold: 100, net_cost: 450, net_cost_exact: '449.99999999991' },
      },
    });
  });

  it('prices as the settings say', async () => {
    await records().day('rich', `${lastMonth}-15`, { compute_seconds: 5_000_000 });
    const args = ['billing', 'summary', 'rich', '--month', lastMonth, '--json'];
    const month = async (settings: Record<string, string>) => {
      const { stdout } = await run(args, { env: { ...env(), ...settings } });
      return (JSON.parse(stdout) as { month: unknown }).month;
    };
    expect(await month({ BILLING_DISCOUNT_MODE: 'graduated' })).toMatchObject({ net_cost: 460 });
    expect(await month({ BILLING_VOLUME_DISCOUNT_ENABLED: 'false' })).toMatchObject({
      ...{ discount_percent: 0, net_cost: 500 },
    });
    const dearer = { BILLING_RATE_SECOND: '0.0002' };
    expect(await month(dearer)).toMatchObject({ gross_cost: 1000, net_cost: 800 });
  });

  it('explains the arithmetic in both modes, and where a larger bill is cheaper', async () => {
    await records().day('almost', `${lastMonth}-15`, { compute_seconds: 4_900_000 });
    const { exitCode, stdout } = await shown('almost', '--month', lastMonth, '--explain');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('4900000 s × $0.0001 = $490');
    expect(stdout).toContain(
      'volume: $490 reaches 10 % from $100: - $49 = $441, rounded $441.0000 (this is charged)',
    );
    expect(stdout).toContain('a gross of $500.0000 would cost $400.0000');
    expect(stdout).toContain('graduated: - $39 = $451, rounded $451.0000');
    const { answer } = await summary('almost', '--month', lastMonth, '--explain');
    expect(answer.explain).toContain('4900000 s × $0.0001 = $490');
  });

  it('of an unknown user is zeros, with a note', async () => {
    const { exitCode, answer, stderr } = await summary('nobody');
    expect(exitCode).toBe(0);
    expect(stderr).toContain('no record of user nobody');
    expect(answer).toMatchObject({
      ...{ user_id: 'nobody', bytes_processed: 0, compute_seconds: 0, job_count: 0 },
      ...{ estimated_cost: 0, month: { state: 'open', net_cost: 0 } },
    });
  });

  it('keeps byte counts beyond 2^53 to the last digit', async () => {
    await records().user('huge', { bytes_processed: 9_223_372_036_854_775_807n });
    const { stdout } = await shown('huge', '--json');
    expect(stdout).toContain('"bytes_processed": 9223372036854775807,');
    expect(stdout).toContain('"estimated_cost_exact": "8589934.591999999999068677425384521484375"');
  });

  it('refuses a month that has not begun', async () => {
    const { exitCode, stderr } = await summary('alice', '--month', monthFromThis(1));
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`${monthFromThis(1)} has not begun`);
  });
});

describe('counters that are no numbers', () => {
  const keyOf = (day: string) => `billing:daily:alice:${day}`;

  it('are named with key and field, count as 0, and the rest goes on: status 3', async () => {
    await records().user('alice', { bytes_processed: 'abc', compute_seconds: 10, job_count: '' });
    await records().day('alice', dayFromToday(0), { bytes_processed: 5, compute_seconds: 'NaN' });
    const { exitCode, answer, stderr } = await summary('alice');
    expect(exitCode).toBe(3);
    expect(answer).toMatchObject({
      ...{ bytes_processed: 0, compute_seconds: 10, job_count: 0, estimated_cost: 0.001 },
      month: { bytes_processed: 5, compute_seconds: 0 },
      problems: [
        { key: 'billing:user:alice', field: 'bytes_processed', problem: 'is not a number: "abc"' },
        { key: 'billing:user:alice', field: 'job_count', problem: 'is not a number: ""' },
        {
          ...{ key: keyOf(dayFromToday(0)), field: 'compute_seconds' },
          problem: 'is not a number: "NaN"',
        },
      ],
    });
    expect(stderr).toContain('bytes_processed of billing:user:alice is not a number: "abc"');
  });

  it('and keys of another type do not hide the rest', async () => {
    await records().user('alice', { bytes_processed: 1 });
    await records().redis.lpush(keyOf(`${lastMonth}-03`), 'x');
    await records().day('alice', `${lastMonth}-04`, { bytes_processed: 6 });
    const { exitCode, answer, stderr } = await summary('alice', '--month', lastMonth);
    expect(exitCode).toBe(3);
    expect(answer).toMatchObject({
      month: { bytes_processed: 6 },
      problems: [{ key: keyOf(`${lastMonth}-03`), field: null, problem: 'is not a hash' }],
    });
    expect(stderr).toContain(`${keyOf(`${lastMonth}-03`)} is not a hash`);
  });
});
