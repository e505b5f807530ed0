import { describe, expect, it } from 'vitest';
import { dayFromToday, useBillingRedis } from '../helpers/billing-records.js';
import { run } from '../helpers/cli.js';

const { records, env } = useBillingRedis();
const track = (args: readonly string[], more: Record<string, string> = {}) =>
  run(['billing', 'track', ...args], { env: { ...env(), ...more } });
const hash = (key: string) => records().redis.hgetall(key);

async function counted(args: readonly string[]): Promise<unknown> {
  const { exitCode, stdout } = await track([...args, '--json']);
  expect(exitCode).toBe(0);
  return JSON.parse(stdout);
}

describe('billing track', () => {
  it('adds bytes, seconds and the end of a job to user, day and job', async () => {
    const day = dayFromToday(0);
    expect(await counted(['bytes', 'a:b', '9007199254740993', '4711'])).toEqual({
      ...{ user_id: 'a:b', job_id: '4711', kind: 'bytes', event_id: null },
      ...{ counted: true, reason: null },
    });
    await counted(['compute', 'a:b', '12.3456789', '4711']);
    const metadata = '{"pages": 12, "title": "秘密"}';
    await counted(['job', 'a:b', '4711', 'failed', '--metadata', metadata]);
    const metered = { bytes_processed: '9007199254740993', compute_seconds: '12.345679' };
    const totals = { ...metered, job_count: '1', jobs_failed: '1' };
    expect(await hash('billing:user:a:b')).toEqual(totals);
    expect(await hash(`billing:daily:a:b:${day}`)).toEqual(totals);
    const job = await hash('billing:job:4711');
    expect(job).toMatchObject({ ...metered, user_id: 'a:b', status: 'failed' });
    expect(JSON.parse(job.metadata ?? '')).toEqual({ pages: 12, title: '秘密' });
    expect(await records().redis.ttl('billing:user:a:b')).toBe(-1);
    expect(await records().redis.ttl(`billing:daily:a:b:${day}`)).toBeGreaterThan(89 * 86_400);
    expect(await records().redis.ttl('billing:job:4711')).toBeGreaterThan(364 * 86_400);
  });

  it('counts an event once, and tells the second time', async () => {
    const args = ['bytes', 'alice', '5', '1', '--event-id', 'e1'];
    expect(await counted(args)).toMatchObject({ counted: true, event_id: 'e1' });
    expect(await counted(args)).toMatchObject({
      ...{ counted: false, reason: 'event e1 was already counted in the last 24 hours' },
    });
    expect(await counted(['bytes', 'alice', '7', '2', '--event-id', 'e1'])).toMatchObject({
      counted: true,
    });
    expect(await hash('billing:user:alice')).toEqual({ bytes_processed: '12' });
    const { stdout } = await track(args);
    expect(stdout).toContain('– nothing counted');
  });

  it.each([
    [['bytes', 'alice', '1.5', '1'], 'must be a whole number of bytes'],
    [['bytes', 'alice', '--', '-1', '1'], 'must be a whole number of bytes'],
    [['bytes', 'alice', '9223372036854775808', '1'], 'bytes must be a whole number'],
    [['bytes', 'alice', '1e3', '1'], 'must be a whole number of bytes'],
    [['bytes', '', '1', '1'], 'must not be empty'],
    [['bytes', 'alice', '1', ''], 'must not be empty'],
    [
      ['bytes', 'alice', '1', '1', '--event-id', ''],
      'the event id must be a string, and not empty',
    ],
    [['compute', 'alice', 'NaN', '1'], 'must be a decimal number of seconds'],
    [['compute', 'alice', 'Infinity', '1'], 'must be a decimal number of seconds'],
    [['compute', 'alice', '1,5', '1'], 'must be a decimal number of seconds'],
    [['job', 'alice', '1', 'done'], 'completed'],
    [['job', 'alice', '1', 'failed', '--metadata', '[1]'], 'must be a JSON object'],
    [['job', 'alice', '1', 'failed', '--metadata', '{'], 'must be a JSON object'],
  ])('refuses %j, and writes nothing', async (args, message) => {
    const before = await records().changes();
    const { exitCode, stderr } = await track(args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
    expect(await records().changes()).toBe(before);
  });

  it('writes nothing where a counter is not a number: status 5', async () => {
    await records().user('alice', { bytes_processed: 'abc' });
    const before = await records().changes();
    const { exitCode, stderr } = await track(['bytes', 'alice', '1', '1', '--event-id', 'e']);
    expect(exitCode).toBe(5);
    expect(stderr).toContain('bytes_processed of billing:user:alice is not a whole number');
    expect(await records().changes()).toBe(before);
  });

  it('counts nothing with BILLING_ENABLED=false, even where no Redis is', async () => {
    const settings = { BILLING_ENABLED: 'false', REDIS_URL: 'redis://127.0.0.1:1' };
    const { exitCode, stdout } = await track(['bytes', 'alice', '5', '1', '--json'], settings);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ counted: false, reason: 'billing is switched off (BILLING_ENABLED=false)' },
    });
  });

  it.each([
    ['bytes', 'alice', '5', '1'],
    ['compute', 'alice', '5', '1'],
    ['job', 'alice', '1', 'completed'],
  ])('has no dry run: DRY_RUN=true refuses %s', async (...args) => {
    const { exitCode, stderr } = await track(args, { DRY_RUN: 'true' });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('has no dry run');
    expect(await records().redis.dbsize()).toBe(0);
  });
});
