import { describe, expect, it } from 'vitest';
import { dayFromToday, useBillingRedis } from '../helpers/billing-records.js';
import { run, runJson } from '../helpers/cli.js';

interface AuditAnswer {
  status: string;
  checked: { users: number; days: number; jobs: number };
  findings: {
    severity: string;
    kind: string;
    user_id: string | null;
    key: string | null;
    cause: string;
    difference: Record<string, unknown> | null;
  }[];
  drift: number;
  notes: number;
}

const { records, env } = useBillingRedis();
const audit = (...args: string[]) =>
  runJson<AuditAnswer>(['billing', 'audit', ...args], { env: env() });
const kindsOf = ({ findings }: AuditAnswer) => findings.map(({ kind }) => kind);

const today = dayFromToday(0);
const usage = { bytes_processed: 1000, compute_seconds: 3600, job_count: 1 };
const track = (...args: string[]) => run(['billing', 'track', ...args], { env: env() });

describe('billing audit', () => {
  it('finds nothing in what the tracker of the toolkit wrote, and in nothing', async () => {
    expect(await audit()).toMatchObject({ exitCode: 0, answer: { status: 'ok', findings: [] } });
    const jobs = { '1': 'alice', '2': 'alice', '3': 'a:b*[' };
    for (const [job, user] of Object.entries(jobs)) {
      await track('bytes', user, '9007199254740993', job);
      await track('compute', user, '0.1', job);
      await track('compute', user, '0.2', job);
      await track('job', user, job, 'completed');
    }
    const { exitCode, answer, stderr } = await audit();
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(answer).toEqual({
      ...{ user_id: null, status: 'ok', checked: { users: 2, days: 2, jobs: 3 } },
      ...{ findings: [], drift: 0, notes: 0 },
    });
    const people = await run(['billing', 'audit'], { env: env() });
    expect(people.stdout).toBe('✓ no drift, 0 notes; checked 2 users, 2 days, 3 jobs\n');
  });

  it('names a difference in bytes, seconds and dollars', async () => {
    await records().tracked('alice', { day: today, job: '1', usage });
    await records().day('alice', today, { ...usage, bytes_processed: 1024 ** 3 + 1000 });
    const { exitCode, answer } = await audit();
    expect(exitCode).toBe(5);
    expect(answer).toMatchObject({ status: 'drift', drift: 1, notes: 1 });
    expect(answer.findings[0]).toEqual({
      ...{ severity: 'drift', kind: 'days_exceed_lifetime', user_id: 'alice', key: null },
      what: 'the days add up to more than the lifetime total',
      cause: 'the user was reset while days were kept, or a write of the total failed',
      difference: {
        ...{ bytes_processed: 1024 ** 3, compute_seconds: 0, job_count: 0 },
        ...{ jobs_completed: 0, jobs_failed: 0, jobs_skipped: 0, cost: 0.001, cost_exact: '0.001' },
      },
    });
    const people = await run(['billing', 'audit'], { env: env() });
    expect(people.exitCode).toBe(5);
    expect(people.stdout).toContain('✕ drift');
    expect(people.stdout).toContain('$0.0010');
    expect(people.stdout).toContain('✕ drift: 1 finding, 1 note (shown with --notes)');
    expect(people.stdout).not.toContain('jobs_below_days');
  });

  const key = (name: string) => ({ key: `billing:${name}` });
  it.each([
    {
      what: 'jobs that add up to more than the lifetime',
      write: () => records().job('1', { user_id: 'alice', bytes_processed: 1001 }),
      finding: { kind: 'jobs_exceed_lifetime', difference: { bytes_processed: 1 } },
    },
    {
      what: 'a total that is not a number',
      write: () => records().user('alice', { jobs_failed: 'none' }),
      finding: { kind: 'not_a_number', ...key('user:alice') },
    },
    {
      what: 'a day that is not a number',
      write: () => records().day('alice', today, { compute_seconds: '1,5' }),
      finding: { kind: 'not_a_number', ...key(`daily:alice:${today}`) },
    },
    {
      what: 'a job that is not a number',
      write: () => records().job('1', { user_id: 'alice', bytes_processed: '0x10' }),
      finding: { kind: 'not_a_number', ...key('job:1') },
    },
    {
      what: 'a day that is no hash',
      write: () => records().redis.set(`billing:daily:alice:${dayFromToday(-1)}`, 'x'),
      finding: { kind: 'not_a_hash', ...key(`daily:alice:${dayFromToday(-1)}`) },
    },
    {
      what: 'a negative counter',
      write: () => records().user('alice', { jobs_skipped: -1 }),
      finding: { kind: 'negative', ...key('user:alice') },
    },
    {
      what: 'a day in the future',
      write: () => records().day('alice', dayFromToday(2), { job_count: 0 }),
      finding: { kind: 'future_day', ...key(`daily:alice:${dayFromToday(2)}`) },
    },
    {
      what: 'a user who was reset',
      write: () => records().redis.del('billing:user:alice'),
      finding: { kind: 'no_user_record', difference: { bytes_processed: 1000, cost: 0.36 } },
    },
  ])('reports $what as drift: status 5', async ({ write, finding }) => {
    await records().tracked('alice', { day: today, job: '1', usage });
    await records().tracked('bob', { day: today, job: '2', usage });
    await write();
    for (const args of [[], ['alice']]) {
      const { exitCode, answer } = await audit(...args);
      expect(exitCode).toBe(5);
      expect(answer.findings[0]).toMatchObject({ severity: 'drift', user_id: 'alice', ...finding });
      expect(answer.findings[0]?.cause).not.toBe('');
      expect(answer.findings.map(({ user_id }) => user_id)).not.toContain('bob');
    }
    expect((await audit('bob')).exitCode).toBe(0);
  });

  it.each([
    {
      what: 'jobs below the days (a retry that overwrote)',
      write: () => records().job('1', { user_id: 'alice', compute_seconds: 1800 }),
      finding: { kind: 'jobs_below_days', user_id: 'alice', difference: { compute_seconds: 1800 } },
    },
    {
      what: 'jobs below the lifetime (expired after a year)',
      write: () => records().user('alice', { bytes_processed: 3000 }),
      finding: { kind: 'jobs_below_lifetime', difference: { bytes_processed: 2000 } },
    },
    {
      what: 'a job without a user',
      write: () => records().job('9', { status: 'failed' }),
      finding: { kind: 'job_without_user', user_id: null, ...key('job:9') },
    },
    {
      what: 'a job that never expires',
      write: () => records().redis.persist('billing:job:1'),
      finding: { kind: 'without_expiry', user_id: 'alice', ...key('job:1') },
    },
    {
      what: 'a day that never expires',
      write: () => records().redis.persist(`billing:daily:alice:${today}`),
      finding: { kind: 'without_expiry', user_id: 'alice', ...key(`daily:alice:${today}`) },
    },
    {
      what: 'the job `undefined`',
      write: () => records().job('undefined', { user_id: 'alice' }),
      finding: { kind: 'undefined_id', user_id: 'alice', ...key('job:undefined') },
    },
    {
      what: 'a daily key without a day',
      write: () => records().redis.hset('billing:daily:alice:2026-02-30', 'job_count', 1),
      finding: { kind: 'odd_key', user_id: null, ...key('daily:alice:2026-02-30') },
    },
  ])('reports $what as a note: status 0', async ({ write, finding }) => {
    await records().tracked('alice', { day: today, job: '1', usage });
    await write();
    const { exitCode, answer } = await audit();
    expect(exitCode).toBe(0);
    expect(answer).toMatchObject({ status: 'ok', drift: 0, notes: 1 });
    expect(answer.findings[0]).toMatchObject({ severity: 'note', ...finding });
    const people = await run(['billing', 'audit', '--notes'], { env: env() });
    expect(people.stdout).toContain(finding.kind);
    expect(people.stdout).toContain('✓ no drift, 1 note; checked');
  });

  it('says no more of a total that is not a number than that', async () => {
    await records().tracked('alice', { day: today, job: '1', usage });
    await records().user('alice', { bytes_processed: 'many' });
    const { exitCode, answer } = await audit();
    expect(exitCode).toBe(5);
    expect(kindsOf(answer)).toEqual(['not_a_number']);
  });

  it('of one user leaves out those whose ids begin or match alike', async () => {
    const strange = ['a', 'a:2026-01-01', 'a:', 'a*', 'a?', '[a]', 'a\\', 'ab', 'a-b', '^a', '😀'];
    for (const [index, user] of strange.entries()) {
      await records().tracked(user, { day: today, job: String(index), usage });
    }
    for (const user of strange) {
      const { exitCode, answer } = await audit(user);
      expect({ user, exitCode, ...answer }).toMatchObject({
        ...{ user, exitCode: 0, checked: { users: 1, days: 1, jobs: 1 }, findings: [] },
      });
    }
  });

  it('of an unknown user checks nothing', async () => {
    await records().tracked('alice', { day: today, job: '1', usage });
    const { exitCode, answer } = await audit('nobody');
    expect(exitCode).toBe(0);
    expect(answer.checked).toEqual({ users: 0, days: 0, jobs: 0 });
  });

  it('writes nothing', async () => {
    await records().tracked('alice', { day: today, job: '1', usage });
    await records().redis.del('billing:user:alice');
    const before = await records().changes();
    expect((await audit()).exitCode).toBe(5);
    expect(await records().changes()).toBe(before);
  });
});
