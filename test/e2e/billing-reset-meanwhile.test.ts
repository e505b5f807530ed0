import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../helpers/backups.js';
import { dayFromToday, useBillingRedis } from '../helpers/billing-records.js';
import { run } from '../helpers/cli.js';
import { runOnTerminal } from '../helpers/pseudo-terminal.js';
import { startRedisProxy } from '../helpers/redis-proxy.js';

const { records, env } = useBillingRedis();
const { folder, remove } = temporaryFolder();
afterAll(remove);

let cwd: string;
let tests = 0;
const USER = 'billing:user:alice';
const usage = { bytes_processed: 1000, compute_seconds: 1 };

beforeEach(async () => {
  cwd = join(folder, String(++tests));
  mkdirSync(cwd);
  await records().tracked('alice', { day: dayFromToday(0), job: '1', usage });
});

const left = async () => (await records().redis.keys('*')).length;

function fieldsOf(file: string): Record<string, string> | undefined {
  const { records: kept } = JSON.parse(readFileSync(join(cwd, file), 'utf8')) as {
    records: { key: string; fields: Record<string, string> }[];
  };
  return kept.find(({ key }) => key === USER)?.fields;
}

describe('billing reset on a terminal', () => {
  const ask = (answer: () => Promise<string>) =>
    runOnTerminal(['billing', 'reset', 'alice', '--all'], {
      ...{ env: env(), cwd, question: 'remove 3 records of user alice? [y/N]', answer },
    });

  it('removes what it asked about after y', async () => {
    const { exitCode, output } = await ask(() => Promise.resolve('y'));
    expect(output).toContain('✓ removed 3 records of user alice');
    expect(exitCode).toBe(0);
    expect(await left()).toBe(0);
    expect(readdirSync(cwd)).toHaveLength(1);
  });

  it.each(['n', ''])('removes nothing after %j: status 8', async (answer) => {
    const { exitCode, output } = await ask(() => Promise.resolve(answer));
    expect(output).toContain('nothing was removed');
    expect(exitCode).toBe(8);
    expect(await left()).toBe(3);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('keeps what a worker has counted while it asked', async () => {
    const { exitCode } = await ask(async () => {
      await records().redis.hincrby(USER, 'bytes_processed', 234);
      await records().redis.hset(USER, 'job_count', 1);
      return 'y';
    });
    expect(exitCode).toBe(0);
    expect(await left()).toBe(0);
    expect(fieldsOf(readdirSync(cwd)[0] ?? '')).toEqual({
      ...{ bytes_processed: '1234', compute_seconds: '1', job_count: '1' },
    });
  });
});

describe('a record that changes each time before it is removed', () => {
  it('stays, and is refused: status 8', async () => {
    const proxy = await startRedisProxy(env().REDIS_URL, {
      onRequest: async (text) => {
        if (/\r\nEVAL\r\n/i.test(text)) await records().redis.hincrby(USER, 'bytes_processed', 1);
      },
    });
    const args = ['billing', 'reset', 'alice', '--yes', '--export', 'kept.json'];
    const { exitCode, stderr } = await run(args, { cwd, env: { REDIS_URL: proxy.url } });
    await proxy.close();
    expect(exitCode).toBe(8);
    expect(stderr).toContain('1 of 1 record was not removed, because it keeps changing');
    expect(await records().redis.exists(USER)).toBe(1);
  });
});
