import { beforeEach, describe, expect, it } from 'vitest';
import { dayFromToday, useBillingRedis } from '../helpers/billing-records.js';
import { run, runJson } from '../helpers/cli.js';

/** Someone has corrected a bill by hand: what is negative lowers every sum that it is part of. */

const { records, env } = useBillingRedis();
const today = dayFromToday(0);
const month = today.slice(0, 7);
const day = `billing:daily:alice:${today}`;
const negative = { bytes_processed: -5_000_000_000, compute_seconds: '-13.5', job_count: 2 };

beforeEach(async () => {
  await records().user('alice', { bytes_processed: 9_000_000_000, job_count: 2 });
  await records().day('alice', today, negative);
  await records().job('4711', { user_id: 'alice', bytes_processed: -1, compute_seconds: -22 });
});

const problemsOf = (key: string, bytes: string, seconds: string) => [
  { key, field: 'bytes_processed', problem: `is negative: ${bytes}` },
  { key, field: 'compute_seconds', problem: `is negative: ${seconds}` },
];

describe('a negative counter', () => {
  it.each([
    [['summary', 'alice']],
    [['summary', 'alice', '--month', month]],
    [['daily', 'alice']],
    [['all-users', '--month', month]],
  ])('of a day is named by %j: status 3', async (args) => {
    const { exitCode, answer, stderr } = await runJson<{ problems: unknown[] }>(
      ['billing', ...args],
      { env: env() },
    );
    expect(exitCode).toBe(3);
    expect(answer.problems).toEqual(problemsOf(day, '-5000000000', '-13.5'));
    expect(stderr).toContain(
      `bytes_processed of ${day} is negative: -5000000000; it lowers the sums`,
    );
  });

  it('of a job is named', async () => {
    const { exitCode, answer } = await runJson(['billing', 'job', '4711'], { env: env() });
    expect(exitCode).toBe(3);
    expect(answer).toMatchObject({ problems: problemsOf('billing:job:4711', '-1', '-22') });
  });

  it('of a lifetime is named', async () => {
    await records().user('bob', { jobs_failed: -1 });
    const { exitCode, answer } = await runJson(['billing', 'all-users'], { env: env() });
    expect(exitCode).toBe(3);
    const problem = { key: 'billing:user:bob', field: 'jobs_failed', problem: 'is negative: -1' };
    expect(answer).toMatchObject({ problems: [problem] });
  });

  it('is one finding of the audit, as ever', async () => {
    const { exitCode, answer } = await runJson<{ findings: { kind: string; key: string }[] }>(
      ['billing', 'audit', 'alice'],
      { env: env() },
    );
    expect(exitCode).toBe(5);
    const found = answer.findings.filter(({ kind }) => kind === 'negative');
    expect(found.map(({ key }) => key)).toEqual([day, 'billing:job:4711']);
  });

  it('is a number in CSV, not a text', async () => {
    const daily = await run(['billing', 'daily', 'alice', '--csv'], { env: env() });
    expect(daily.stdout).toContain(`${today},-5000000000,-13.5,2,0,0,0,-0.006\r\n`);
    const all = await run(['billing', 'all-users', '--month', month, '--csv'], { env: env() });
    expect(all.stdout).toContain('alice,-5000000000,-13.5,2,-0.006,-0.006,0\r\n');
  });

  it('is scaled for people, and its money has one form', async () => {
    const daily = await run(['billing', 'daily', 'alice'], { env: env() });
    expect(daily.stdout).toMatch(/ -4\.7 GiB +-13\.5 .* -\$0\.0060/);
    const job = await run(['billing', 'job', '4711', '--explain'], { env: env() });
    expect(job.stdout).toContain('-1 B (-1)');
    expect(job.stdout).toContain('-22 s × $0.0001 = -$0.0022');
    expect(job.stdout).not.toContain('$-');
    await records().day('bob', today, { compute_seconds: '-0.5' });
    const half = await run(['billing', 'summary', 'bob'], { env: env() });
    expect(half.stdout).toContain('-0.5 s');
  });
});
