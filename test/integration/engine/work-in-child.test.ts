import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { workInChild } from '../../../src/engine/child/work-in-child.js';
import { MangamotionError } from '../../../src/errors.js';
import type { WorkerJob } from '../../../src/workers/work.js';

const script = fileURLToPath(new URL('../../helpers/shard-stand-in.js', import.meta.url));
const ENDED = new MangamotionError('terminated', 'the lock was lost');

/** Lets a process do what the bucket says. It is asked to end when it first reports. */
async function capture(bucket: string, endsEarly = false) {
  const told: unknown[] = [];
  const controller = new AbortController();
  const job: WorkerJob = {
    ...{ format: 1, run: 'run', token: 'a'.repeat(32), tool: 'tool', number: 1, attempt: 1 },
    kind: 'capture',
    range: { bucket, after: null, through: null },
  };
  const captured = workInChild({ script, args: [], execArgv: [], cwd: process.cwd() }, job, {
    signal: controller.signal,
    onProgress: (counts) => {
      told.push(counts);
      if (endsEarly) controller.abort(ENDED);
    },
    warn: (line) => told.push(line),
    killAfterMs: 300,
  });
  return { captured: await captured, told };
}

describe('a shard that a process of its own captures', () => {
  it('is what the process says, with its progress and its warnings', async () => {
    const { captured, told } = await capture('captures');
    expect(captured).toEqual({ part: 'the part', objects: 3, bytes: 30 });
    expect(told).toEqual(['a warning', { objects: 3, bytes: 30 }]);
  });

  it('fails with the error of the process', async () => {
    const error = { code: 'access_denied', message: 'no', hint: 'ask' };
    await expect(capture('fails')).rejects.toMatchObject(error);
  });

  it('fails with the last words of a process that crashed', async () => {
    await expect(capture('crashes')).rejects.toMatchObject({
      code: 'internal',
      message:
        'the process that worked on the shard ended with 7, after a message that cannot be read: FATAL ERROR: out of memory',
    });
  });

  it('is captured, although the process does not end by itself', async () => {
    expect((await capture('lingers')).captured.part).toBe('the part');
  });

  it.each(['hangs', 'deaf'])('ends with the reason where it is not wanted: %s', async (bucket) => {
    await expect(capture(bucket, true)).rejects.toBe(ENDED);
  });
});
