import { expect, it } from 'vitest';
import { readJobRecords, scanJobRecords } from '../../../src/billing/job-records.js';
import type { CounterProblem } from '../../../src/billing/counters.js';
import { noProblem, scanned } from '../../helpers/scanned-records.js';
import { useRedis } from '../../helpers/use-redis.js';

const used = useRedis();
const { signal } = new AbortController();
const whole = {
  ...{ user_id: 'u', status: 'completed', timestamp: 't', completed_at: 'c' },
  ...{
    bytes_processed: '9007199254740993',
    compute_seconds: '0.30000000000000004',
    metadata: '{}',
  },
};
const read = {
  ...{ userId: 'u', status: 'completed', timestamp: 't', completedAt: 'c' },
  ...{ bytes: '9007199254740993', seconds: '0.30000000000000004' },
};
const none = {
  ...{ userId: null, status: null, timestamp: null, completedAt: null, bytes: null, seconds: null },
};

it('gives every record, in the texts in which it lies there', async () => {
  await used.redis.hset('billing:job:a:*\r\n', whole);
  await used.redis.hset('billing:job:undefined', 'status', 'skipped');
  await used.redis.hset('billing:job:other', { ...whole, user_id: 'v' });
  await used.redis.hset('billing:job:empty', 'metadata', '{}');
  const all = (await scanned(used.redis)).sort((a, b) => (a.jobId < b.jobId ? -1 : 1));
  expect(all).toEqual([
    { jobId: 'a:*\r\n', ...read },
    { jobId: 'other', ...read, userId: 'v' },
    { jobId: 'undefined', ...none, status: 'skipped' },
  ]);
  expect(await scanned(used.redis, 'u')).toEqual([{ jobId: 'a:*\r\n', ...read }]);
  expect(await scanned(used.redis, 'nobody')).toEqual([]);
  const some = ['other', 'gone', 'a:*\r\n'];
  expect(await readJobRecords(used.redis, some, { onProblem: noProblem })).toEqual([
    { jobId: 'other', ...read, userId: 'v' },
    undefined,
    { jobId: 'a:*\r\n', ...read },
  ]);
});

it('names keys of another type, and goes on', async () => {
  await used.redis.hset('billing:job:a', whole);
  await used.redis.set('billing:job:text', 'x');
  for (const userId of [undefined, 'u']) {
    const problems: CounterProblem[] = [];
    const onProblem = (problem: CounterProblem) => problems.push(problem);
    const found = [];
    for await (const page of scanJobRecords(used.redis, { userId, signal, onProblem })) {
      found.push(...page);
    }
    expect(found).toEqual([{ jobId: 'a', ...read }]);
    expect(problems).toEqual([{ key: 'billing:job:text', field: null, problem: 'is not a hash' }]);
  }
  const problems: CounterProblem[] = [];
  const onProblem = (problem: CounterProblem) => problems.push(problem);
  expect(await readJobRecords(used.redis, ['text'], { onProblem })).toEqual([undefined]);
  expect(problems).toHaveLength(1);
});

it('gives 20,000 of them, and stops when told to', async () => {
  const pipeline = used.redis.pipeline();
  for (let n = 0; n < 20_000; n++) {
    pipeline.hset(`billing:job:${n}`, { ...whole, user_id: `u${n % 10}` });
  }
  await pipeline.exec();
  expect(await scanned(used.redis)).toHaveLength(20_000);
  expect(await scanned(used.redis, 'u3')).toHaveLength(2000);
  const stop = new AbortController();
  const request = { signal: stop.signal, onProblem: noProblem };
  const stopped = async () => {
    for await (const page of scanJobRecords(used.redis, request)) {
      if (page.length > 0) stop.abort(new Error('enough'));
    }
  };
  await expect(stopped()).rejects.toThrow('enough');
  for await (const page of scanJobRecords(used.redis, { signal, onProblem: noProblem })) {
    if (page.length > 0) break;
  }
  expect(await used.redis.ping()).toBe('PONG');
});
