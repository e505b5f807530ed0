import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PendingBackup } from '../../../src/repository/destination.js';
import { S3Destination } from '../../../src/repository/s3/s3-destination.js';
import type { Summary } from '../../../src/repository/summary.js';
import { encodeSummary } from '../../../src/repository/summary-codec.js';
import { bucketsOf } from '../../helpers/archive-samples.js';
import { namesAt } from '../../helpers/s3-destinations.js';
import { TEST_CLOCK } from '../../helpers/stored-archives.js';
import { summaryOf } from '../../helpers/summaries.js';
import {
  contentOf,
  freshBucket,
  readObject,
  removeBucket,
  testStore,
} from '../../helpers/test-store.js';

/** Runs that sleep for longer than their lease just before they write their summary. */

const store = testStore();
let bucket: string;
beforeAll(async () => {
  bucket = await freshBucket(store);
});
afterAll(async () => {
  await removeBucket(store, bucket);
  store.close();
});

let count = 0;
async function sealed(): Promise<{
  destination: S3Destination;
  prefix: string;
  pending: PendingBackup;
  summary: Summary;
}> {
  const prefix = `at-${count++}/`;
  const { signal } = new AbortController();
  const url = `s3://${bucket}/${prefix}`;
  const destination = new S3Destination({ url, bucket, prefix, store, signal });
  const pending = await destination.begin('full', TEST_CLOCK);
  await pending.writer.finish(bucketsOf([]));
  const { bytes } = await pending.seal();
  const made = summaryOf({ at: pending.createdAt.toISOString(), sequence: 1 });
  return { destination, prefix, pending, summary: { ...made, archive_bytes: bytes } };
}

/** Does something after the last check, which is the second one. */
function atLast(work: () => Promise<void>): () => Promise<void> {
  let checks = 0;
  return async () => {
    if (++checks === 2) await work();
  };
}

describe('a run that sleeps before it writes its summary', () => {
  it('leaves the backup of another head of the run as it is', async () => {
    const { prefix, pending, summary } = await sealed();
    const key = `${prefix}${pending.id}.json`;
    const theirs = encodeSummary({ ...summary, tool: 'the other head' });
    const committing = pending.commit(
      summary,
      atLast(async () => {
        await store.putObject(bucket, key, contentOf(theirs));
      }),
    );
    await expect(committing).rejects.toMatchObject({ code: 'locked' });
    await pending.discard();
    expect((await readObject(store, bucket, key)).toString()).toBe(theirs);
    expect(await namesAt(store, { bucket, prefix })).toContain(`${pending.id}.tar.gz`);
  });

  it('leaves no summary without its archive', async () => {
    const { destination, prefix, pending, summary } = await sealed();
    const committing = pending.commit(
      summary,
      atLast(async () => {
        for (const leftover of await destination.leftovers()) await leftover.remove();
      }),
    );
    await expect(committing).rejects.toMatchObject({ code: 'locked' });
    expect(await namesAt(store, { bucket, prefix })).toEqual([]);
    await pending.discard();
  });

  it('leaves no archive for ever that appeared when another one had looked', async () => {
    const { destination, prefix, pending, summary } = await sealed();
    const lost = new Error('the lock is lost');
    const committing = pending.commit(
      summary,
      atLast(async () => {
        await store.deleteObject(bucket, `${prefix}${pending.id}.json.partial`);
        throw lost;
      }),
    );
    await expect(committing).rejects.toBe(lost);
    await pending.abandon();
    for (const leftover of await destination.leftovers()) await leftover.remove();
    expect(await namesAt(store, { bucket, prefix })).toEqual([]);
  });

  it('keeps its archive where another one is only about to remove it', async () => {
    const { destination, prefix, pending, summary } = await sealed();
    let found: Awaited<ReturnType<S3Destination['leftovers']>> = [];
    await pending.commit(
      summary,
      atLast(async () => {
        found = await destination.leftovers();
      }),
    );
    expect(found.map(({ path }) => path)).toContain(`s3://${bucket}/${prefix}${pending.id}.tar.gz`);
    for (const leftover of found) await leftover.remove();
    expect(await namesAt(store, { bucket, prefix })).toEqual([
      `${pending.id}.json`,
      `${pending.id}.tar.gz`,
    ]);
  });
});
