import { beforeEach, describe, expect, it } from 'vitest';
import { dayFromToday, useBillingRedis } from '../helpers/billing-records.js';
import { run, runJson } from '../helpers/cli.js';
import { runAt } from '../helpers/in-process.js';

interface Daily {
  start_date: string;
  end_date: string;
  daily_usage: { date: string; bytes_processed: number; cost: number }[];
  totals: Record<string, unknown>;
  expired_until: string | null;
  problems: unknown[];
}

const { records, env } = useBillingRedis();
const NOW = '2026-03-02T23:59:59.999Z';

async function daily(...args: string[]) {
  const { status, stdout, stderr } = await runAt(
    NOW,
    ['billing', 'daily', 'alice', '--json', ...args],
    { env: env() },
  );
  return { status, stderr, answer: JSON.parse(stdout) as Daily };
}

const datesOf = ({ daily_usage }: Daily) => daily_usage.map(({ date }) => date);

beforeEach(async () => {
  const used = ['2025-12-02', '2025-12-03', '2026-02-23', '2026-02-24', '2026-02-28', '2026-03-02'];
  for (const [index, day] of used.entries()) {
    await records().day('alice', day, {
      bytes_processed: (index + 1) * 1024 ** 3,
      compute_seconds: 3600 * (index + 1),
      ...{ job_count: 3, jobs_completed: 1, jobs_failed: 1, jobs_skipped: 1 },
    });
  }
  await records().day('alice:2026-03-01', '2026-03-01', { bytes_processed: 1 });
});

describe('billing daily', () => {
  it('lists each day that has usage, and totals', async () => {
    const { status, answer, stderr } = await daily('--from', '2026-02-24', '--to', '2026-02-28');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const day = (date: string, times: number) => ({
      ...{ date, bytes_processed: times * 1024 ** 3, compute_seconds: 3600 * times },
      ...{ job_count: 3, jobs_completed: 1, jobs_failed: 1, jobs_skipped: 1 },
    });
    expect(answer).toEqual({
      user_id: 'alice',
      start_date: '2026-02-24',
      end_date: '2026-02-28',
      daily_usage: [
        { ...day('2026-02-24', 4), cost: 1.444, cost_exact: '1.444' },
        { ...day('2026-02-28', 5), cost: 1.805, cost_exact: '1.805' },
      ],
      totals: {
        ...{ bytes_processed: 9 * 1024 ** 3, compute_seconds: 32_400, job_count: 6 },
        ...{ jobs_completed: 2, jobs_failed: 2, jobs_skipped: 2, cost: 3.249, cost_exact: '3.249' },
      },
      expired_until: null,
      problems: [],
    });
  });

  it('takes --last 7d for seven dates, today in UTC included', async () => {
    const { answer } = await daily('--last', '7d');
    expect(answer).toMatchObject({ start_date: '2026-02-24', end_date: '2026-03-02' });
    expect(datesOf(answer)).toEqual(['2026-02-24', '2026-02-28', '2026-03-02']);
  });

  it.each([
    ['2w', '2026-02-17'],
    ['1m', '2026-02-03'],
    ['3m', '2025-12-03'],
    ['12m', '2025-03-03'],
  ])('takes --last %s for the dates from %s on', async (last, start) => {
    const { answer } = await daily('--last', last);
    expect(answer).toMatchObject({ start_date: start, end_date: '2026-03-02' });
  });

  it('is of thirty dates up to today where nothing is said', async () => {
    const { answer } = await daily();
    expect(answer).toMatchObject({ start_date: '2026-02-01', end_date: '2026-03-02' });
  });

  it('counts the thirty dates back from --to, and up to today from --from', async () => {
    const upTo = await daily('--to', '2026-02-28');
    expect(upTo.answer).toMatchObject({ start_date: '2026-01-30', end_date: '2026-02-28' });
    const since = await daily('--from', '2026-02-28');
    expect(datesOf(since.answer)).toEqual(['2026-02-28', '2026-03-02']);
  });

  it('has each date of the range with --fill, leap days too', async () => {
    const filled = await daily('--from', '2026-02-27', '--to', '2026-03-02', '--fill');
    expect(datesOf(filled.answer)).toEqual([
      ...['2026-02-27', '2026-02-28', '2026-03-01', '2026-03-02'],
    ]);
    expect(filled.answer.daily_usage[0]).toMatchObject({ bytes_processed: 0, cost: 0 });
    const leap = await daily('--from', '2024-02-28', '--to', '2024-03-01', '--fill');
    expect(datesOf(leap.answer)).toEqual(['2024-02-28', '2024-02-29', '2024-03-01']);
  });

  it('is whole for the 90 dates that retention holds, and status 3 for one more', async () => {
    const whole = await daily('--last', '90d');
    expect(whole).toMatchObject({ status: 0, answer: { start_date: '2025-12-03' } });
    expect(whole.answer.expired_until).toBeNull();
    const more = await daily('--last', '91d');
    expect(more).toMatchObject({ status: 3, answer: { expired_until: '2025-12-02' } });
    expect(more.stderr).toContain('counters up to 2025-12-02 have expired');
    const old = await daily('--from', '2025-06-01', '--to', '2025-06-30');
    expect(old).toMatchObject({ status: 3, answer: { expired_until: '2025-06-30' } });
  });

  it('prints CSV with the names of the JSON fields', async () => {
    const args = ['--from', '2026-02-24', '--to', '2026-02-25', '--fill', '--csv'];
    const { stdout } = await runAt(NOW, ['billing', 'daily', 'alice', ...args], { env: env() });
    expect(stdout.replaceAll('\r\n', '\n')).toBe(
      'date,bytes_processed,compute_seconds,job_count,jobs_completed,jobs_failed,jobs_skipped,cost\n' +
        `2026-02-24,${4 * 1024 ** 3},14400,3,1,1,1,1.444\n2026-02-25,0,0,0,0,0,0,0\n`,
    );
  });

  it('draws a bar for each day on a terminal, and none in a pipe', async () => {
    const args = ['billing', 'daily', 'alice', '--last', '7d', '--no-color'];
    const terminal = await runAt(NOW, args, { env: env(), columns: 120 });
    const lineOf = (day: string) =>
      terminal.stdout.split('\n').find((line) => line.includes(day)) ?? '';
    expect(lineOf('2026-03-02')).toContain('█'.repeat(12));
    expect(lineOf('2026-02-24')).toMatch(/[^█]█{8}$/);
    expect(terminal.stdout).toContain('total $5.4150 before discounts');
    const pipe = await runAt(NOW, args, { env: env() });
    expect(pipe.stdout).not.toContain('█');
    expect(pipe.stdout).toContain('2026-03-02');
    expect(pipe.stdout).toContain('total $5.4150 before discounts');
  });

  it('of a user who used nothing is an empty list', async () => {
    const { status, stdout } = await runAt(NOW, ['billing', 'daily', 'nobody', '--json'], {
      env: env(),
    });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ daily_usage: [], totals: { cost: 0 } });
  });

  it('names what cannot be read and goes on: status 3', async () => {
    await records().day('alice', '2026-03-01', { bytes_processed: '1e3', compute_seconds: 1 });
    await records().redis.set('billing:daily:alice:2026-02-27', 'text');
    const { status, answer, stderr } = await daily('--last', '7d');
    expect(status).toBe(3);
    expect(answer.problems).toEqual([
      { key: 'billing:daily:alice:2026-02-27', field: null, problem: 'is not a hash' },
      {
        ...{ key: 'billing:daily:alice:2026-03-01', field: 'bytes_processed' },
        problem: 'is not a number: "1e3"',
      },
    ]);
    expect(datesOf(answer)).toEqual(['2026-02-24', '2026-02-28', '2026-03-01', '2026-03-02']);
    expect(stderr).toContain('billing:daily:alice:2026-02-27 is not a hash');
  });
});

describe('the built program', () => {
  it('lists today and the days before', async () => {
    await records().day('bob', dayFromToday(0), { bytes_processed: 2 });
    await records().day('bob', dayFromToday(-2), { bytes_processed: 1 });
    await records().day('bob', dayFromToday(-9), { bytes_processed: 8 });
    const args = ['billing', 'daily', 'bob', '--last', '7d'];
    const { exitCode, answer } = await runJson<Daily>(args, { env: env() });
    expect(exitCode).toBe(0);
    expect(answer.daily_usage.map(({ bytes_processed }) => bytes_processed)).toEqual([1, 2]);
  });

  it.each([
    [['--from', '2026-02-30'], '--from must be a date of the calendar'],
    [['--to', '2025-02-29'], '--to must be a date of the calendar'],
    [['--from', '24.11.2026'], '--from must be a date of the calendar'],
    [['--from', '2026-03-02', '--to', '2026-03-01'], 'is after the end of the range'],
    [['--last', '0d'], '--last must be a number of days'],
    [['--last', '7'], '--last must be a number of days'],
    [['--last', '1y'], '--last must be a number of days, weeks or months'],
    [['--last', '0m'], '--last must be a number of days, weeks or months'],
    [['--last', '1201m'], '--last must be a number of days, weeks or months'],
    [['--last', '6000w'], '--last must be a number of days, weeks or months'],
    [['--last', '7d', '--to', '2026-03-01'], '--last cannot be combined with --from or --to'],
    [['--from', '1000-01-01'], 'the range is longer than'],
  ])('refuses %j', async (args, message) => {
    const { exitCode, stdout, stderr } = await run(['billing', 'daily', 'bob', ...args], {
      env: env(),
    });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});
