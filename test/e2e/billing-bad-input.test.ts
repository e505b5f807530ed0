import { describe, expect, it } from 'vitest';
import { dayFromToday, useBillingRedis } from '../helpers/billing-records.js';
import { run } from '../helpers/cli.js';

const { records, env } = useBillingRedis();
const today = dayFromToday(0);
const usage = { bytes_processed: 1000, compute_seconds: 3600, job_count: 1 };

describe('an id of odd characters', () => {
  it.each([
    ['colons', 'a:b::2026-01-01'],
    ['spaces', ' a  b '],
    ['globs', '*[a-z]?\\^'],
    ['emoji', '👩‍👩‍👧 漫画'],
    ['10 kB', 'x'.repeat(10_000)],
    ['a dash in front', '-rf'],
    ['terminal escapes', '\u001b[31mred\u001b]0;title\u0007'],
  ])('(%s) is read as it is, and as no other', async (_name, id) => {
    await records().tracked(id, { day: today, job: id, usage });
    await records().tracked(`${id}x`, { day: today, job: `${id}x`, usage });
    const ask = async (...args: string[]) => {
      const { exitCode, stdout, stderr } = await run(['billing', ...args, '--json', '--', id], {
        env: env(),
      });
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      return JSON.parse(stdout) as object;
    };
    expect(await ask('summary')).toMatchObject({ user_id: id, bytes_processed: 1000 });
    expect(await ask('daily')).toMatchObject({ user_id: id, totals: { bytes_processed: 1000 } });
    expect(await ask('job')).toMatchObject({ job_id: id, user_id: id, bytes_processed: 1000 });
    expect(await ask('audit')).toMatchObject({ checked: { users: 1, days: 1, jobs: 1 } });
    const { records: found } = (await ask('reset', '--all', '--dry-run')) as {
      records: { key: string }[];
    };
    expect(found.map(({ key }) => key).sort()).toEqual(
      [`billing:user:${id}`, `billing:daily:${id}:${today}`, `billing:job:${id}`].sort(),
    );
  });

  it('never reaches the terminal as an escape', async () => {
    const id = '\u001b[31mred\u001b]0;title\u0007\u009b2J';
    await records().tracked(id, { day: today, job: id, usage });
    await records().user(id, { jobs_failed: '\u001b[2J' });
    for (const args of [
      ['summary', id],
      ['daily', id],
      ['daily', id, '--to', '2020-01-01'],
      ['job', id],
      ['job', `${id}?`],
      ['all-users'],
      ['audit', '--notes'],
      ['reset', id, '--dry-run'],
      ['reset', `${id}?`, '--dry-run'],
      ['track', 'bytes', id, '1', id],
    ]) {
      const { stdout, stderr } = await run(['billing', ...args], { env: env() });
      expect({ args, shown: `${stdout}${stderr}`.match(/[\u001b\u0007\u0080-\u009f]/g) }).toEqual({
        ...{ args, shown: null },
      });
      // A list of days does not repeat whose they are.
      if (args.length === 2 && args[0] === 'daily') continue;
      expect(stdout + stderr).toContain(String.raw`\u001b[`);
    }
  });
});

describe('what makes no sense', () => {
  it.each([
    [['summary', 'a', '--month', '2026-13'], '--month must be a month like 2026-11'],
    [['summary', 'a', '--month', '2026-1'], '--month must be a month like 2026-11'],
    [['all-users', '--month', '2026-00'], '--month must be a month like 2026-11'],
    [['all-users', '--top', '0'], '--top must be a whole number'],
    [['all-users', '--sort', 'size'], 'cost'],
    [['summary', ''], 'must not be empty'],
    [['summary'], 'user'],
    [['job', 'a', '--csv'], 'has no rows to print as CSV'],
  ])('is refused before Redis is asked: %j', async (args, message) => {
    const nowhere = { REDIS_URL: 'redis://127.0.0.1:1' };
    const { exitCode, stdout, stderr } = await run(['billing', ...args], { env: nowhere });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});
