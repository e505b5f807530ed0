import { describe, expect, it } from 'vitest';
import { createBilling } from '../../../src/billing/billing.js';
import { databaseSnapshot } from '../../helpers/redis-snapshot.js';
import { useRedis } from '../../helpers/use-redis.js';

const used = useRedis();
const billing = () => createBilling({ redis: used.redis });
const once = { eventId: 'attempt-1' };

describe('an event id', () => {
  it('counts once, and a repeated call writes nothing at all', async () => {
    const tracker = billing();
    expect(await tracker.trackBytesProcessed('u', 5, 'j', once)).toEqual({ counted: true });
    const before = await databaseSnapshot(used.redis);
    expect(await tracker.trackBytesProcessed('u', 5, 'j', once)).toEqual({ counted: false });
    expect(await tracker.trackBytesProcessed('other', 99, 'j', once)).toEqual({ counted: false });
    expect(await databaseSnapshot(used.redis)).toEqual(before);
  });

  it('is remembered for 24 hours, and counts again when they are over', async () => {
    const tracker = billing();
    await tracker.trackComputeSeconds('u', 1, 'j', once);
    const [key = ''] = await used.redis.keys('billing:event:*');
    expect(Math.ceil((await used.redis.ttl(key)) / 3600)).toBe(24);
    await used.redis.pexpire(key, 0);
    expect(await tracker.trackComputeSeconds('u', 1, 'j', once)).toEqual({ counted: true });
  });

  it('counts for each kind of call and for each job', async () => {
    const tracker = billing();
    for (const job of ['j', 'k']) {
      expect(await tracker.trackBytesProcessed('u', 1, job, once)).toEqual({ counted: true });
      expect(await tracker.trackComputeSeconds('u', 1, job, once)).toEqual({ counted: true });
      expect(await tracker.trackJobCompletion('u', job, 'failed', {}, once)).toEqual({
        counted: true,
      });
      // Another end of the same attempt is the same event.
      expect(await tracker.trackJobCompletion('u', job, 'completed', {}, once)).toEqual({
        counted: false,
      });
    }
    expect(await used.redis.hgetall('billing:user:u')).toEqual({
      bytes_processed: '2',
      compute_seconds: '2',
      job_count: '2',
      jobs_failed: '2',
    });
  });

  it('is not taken for that of a job whose id runs into it', async () => {
    const tracker = billing();
    for (const [job, eventId] of [
      ['a:b', 'c'],
      ['a', 'b:c'],
      ['a%3Ab', 'c'],
    ] as const) {
      const tracked = await tracker.trackBytesProcessed('u', 1, job, { eventId });
      expect({ job, ...tracked }).toEqual({ job, counted: true });
    }
  });

  it('counts once of fifty calls at the same time', async () => {
    const tracker = billing();
    const calls = Array.from({ length: 50 }, () => tracker.trackBytesProcessed('u', 3, 'j', once));
    const counted = (await Promise.all(calls)).filter((tracked) => tracked.counted);
    expect(counted).toHaveLength(1);
    expect(await used.redis.hget('billing:job:j', 'bytes_processed')).toBe('3');
  });

  it('may be absent: every call counts', async () => {
    const tracker = billing();
    await tracker.trackBytesProcessed('u', 1, 'j');
    await tracker.trackBytesProcessed('u', 1, 'j', { eventId: undefined });
    expect(await used.redis.keys('billing:event:*')).toEqual([]);
    expect(await used.redis.hget('billing:user:u', 'bytes_processed')).toBe('2');
  });
});
