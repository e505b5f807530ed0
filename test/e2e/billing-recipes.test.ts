import { execa } from 'execa';
import { beforeEach, describe, expect, it } from 'vitest';
import { dayFromToday, monthFromThis, useBillingRedis } from '../helpers/billing-records.js';
import { run } from '../helpers/cli.js';

/** What operators' scripts ask of the answers, with the real jq. */

const { records, env } = useBillingRedis();

async function recipe(args: readonly string[], filter: string): Promise<string[]> {
  const { stdout: input } = await run(['billing', ...args, '--json'], { env: env() });
  const { stdout } = await execa('jq', ['-c', filter], { input });
  return stdout.split('\n');
}

beforeEach(async () => {
  await records().user('alice', { compute_seconds: 20_000, bytes_processed: 1024 ** 3 });
  await records().user('bob', { compute_seconds: 1000 });
  await records().day('alice', dayFromToday(-1), { bytes_processed: 11 });
  await records().day('alice', dayFromToday(0), { bytes_processed: 22 });
  await records().day('bob', `${monthFromThis(-1)}-15`, { compute_seconds: 5_000_000 });
  await records().job('4711', { user_id: 'alice', compute_seconds: 3600 });
});

describe('a recipe for jq', () => {
  it('reads the bytes of each day, and their sum', async () => {
    const args = ['daily', 'alice', '--last', '7d'];
    expect(await recipe(args, '.daily_usage[].bytes_processed')).toEqual(['11', '22']);
    expect(await recipe(args, '[.daily_usage[].bytes_processed] | add')).toEqual(['33']);
  });

  it("reads all users' costs", async () => {
    expect(await recipe(['all-users'], '.users[] | {user_id, estimated_cost}')).toEqual([
      '{"user_id":"alice","estimated_cost":2.001}',
      '{"user_id":"bob","estimated_cost":0.1}',
    ]);
  });

  it("reads a month's cost, of one and of all", async () => {
    const month = ['--month', monthFromThis(-1)];
    expect(await recipe(['summary', 'bob', ...month], '.month.net_cost')).toEqual(['400']);
    expect(await recipe(['all-users', ...month], '[.users[].month.net_cost] | add')).toEqual([
      '400',
    ]);
  });

  it('reads the cost of a job, and the drift of an audit', async () => {
    expect(await recipe(['job', '4711'], '.job_cost')).toEqual(['0.36']);
    const drift = '[.findings[] | select(.severity == "drift")] | map({user_id, kind})';
    expect(await recipe(['audit', 'bob'], drift)).toEqual([
      '[{"user_id":"bob","kind":"days_exceed_lifetime"}]',
    ]);
  });
});
