import { describe, expect, it } from 'vitest';
import { useBillingRedis } from '../helpers/billing-records.js';
import { run, runJson } from '../helpers/cli.js';

const { records, env } = useBillingRedis();
const job = (...args: string[]) =>
  runJson<Record<string, unknown>>(['billing', 'job', ...args], { env: env() });

const whole = {
  user_id: 'alice',
  bytes_processed: 1024 ** 3,
  compute_seconds: '3600.00000000000000009',
  status: 'completed',
  timestamp: '2026-11-01T10:00:00.000Z',
  completed_at: '2026-11-01T11:00:00.000Z',
  metadata: '{"pages":12}',
};

describe('billing job', () => {
  it('has the fields of the HTTP API: a GiB and an hour cost $0.361', async () => {
    await records().job('4711', whole);
    const { exitCode, answer, stderr } = await job('4711');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(answer).toEqual({
      ...{ job_id: '4711', user_id: 'alice', bytes_processed: 1024 ** 3 },
      ...{ bytes_processed_mb: 1024, compute_seconds: 3600, status: 'completed' },
      ...{ timestamp: whole.timestamp, completed_at: whole.completed_at },
      ...{ job_cost: 0.361, job_cost_exact: '0.361', metadata: { pages: 12 }, problems: [] },
    });
  });

  it('explains the arithmetic', async () => {
    await records().job('4711', whole);
    const { stdout } = await run(['billing', 'job', '4711', '--explain'], { env: env() });
    expect(stdout).toContain('1 GiB × $0.001 = $0.001');
    expect(stdout).toContain('3600 s × $0.0001 = $0.36');
    expect(stdout).toContain('sum = $0.361, rounded $0.3610');
  });

  it('of an unknown id is status 4', async () => {
    const { exitCode, answer, stderr } = await job('4712');
    expect(exitCode).toBe(4);
    expect(answer).toMatchObject({
      error: { code: 'not_found', message: 'no billing record of job 4712' },
    });
    expect(stderr).toContain('no billing record of job 4712');
  });

  it('of an old record has nulls for what was never written', async () => {
    await records().redis.hset('billing:job:old', { status: 'failed' });
    const { exitCode, answer } = await job('old');
    expect(exitCode).toBe(0);
    expect(answer).toEqual({
      ...{ job_id: 'old', user_id: null, bytes_processed: 0, bytes_processed_mb: 0 },
      ...{ compute_seconds: 0, status: 'failed', timestamp: null, completed_at: null },
      ...{ job_cost: 0, job_cost_exact: '0', metadata: {}, problems: [] },
    });
    const people = await run(['billing', 'job', 'old'], { env: env() });
    expect(people.stdout).toMatch(/user +not recorded/);
  });

  it('keeps metadata that is not JSON as text, and names it: status 3', async () => {
    await records().job('4711', { ...whole, metadata: '{pages:' });
    const { exitCode, answer, stderr } = await job('4711');
    expect(exitCode).toBe(3);
    const problem = { key: 'billing:job:4711', field: 'metadata', problem: 'is not JSON' };
    expect(answer).toMatchObject({ metadata: '{pages:', job_cost: 0.361, problems: [problem] });
    expect(stderr).toContain('metadata of billing:job:4711 is not JSON');
    expect(stderr).not.toContain('counts as 0');
  });

  it('names a counter that is not a number: status 3', async () => {
    await records().job('4711', { ...whole, compute_seconds: 'Infinity' });
    const { exitCode, answer, stderr } = await job('4711');
    expect(exitCode).toBe(3);
    expect(answer).toMatchObject({
      ...{ compute_seconds: 0, job_cost: 0.001 },
      problems: [{ key: 'billing:job:4711', field: 'compute_seconds' }],
    });
    expect(stderr).toContain('compute_seconds of billing:job:4711 is not a number: "Infinity"');
  });

  it('whose key holds something else is status 5', async () => {
    await records().redis.set('billing:job:4711', 'text');
    const { exitCode, answer } = await job('4711');
    expect(exitCode).toBe(5);
    expect(answer).toMatchObject({
      error: { code: 'damaged', message: 'billing:job:4711 is not a hash' },
    });
  });
});
