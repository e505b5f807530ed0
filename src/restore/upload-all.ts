import type { IndexLine } from '../archive/index-line.js';
import type { ObjectStore } from '../object-store/port.js';
import { prefetchInOrder } from '../prefetch.js';
import type { Archives } from '../repository/archives.js';
import { type LockLeftOut, attributesOf } from './attributes.js';
import { explainFailure } from './failure.js';
import { type PlannedObject, transfers } from './plan.js';
import { heldBytes, uploadObject } from './upload.js';

/** Uploads under way at once, and the bytes that they may hold in memory together. */
const UPLOAD_LIMITS = { mostRequests: 24, mostBytes: 64 * 1024 * 1024 };
const FIXED_WEIGHT_BYTES = 16 * 1024;

export interface Uploading {
  store: ObjectStore;
  archives: Archives;
  now: () => Date;
  signal: AbortSignal;
}

/** What became of an object. */
export interface Uploaded {
  line: IndexLine;
  failure?: string;
  leftOut?: LockLeftOut | undefined;
}

/** Uploads what the plan transfers, many at a time, and tells what became of each, in order. */
export async function* uploadAll(
  { store, archives, now, signal }: Uploading,
  target: { bucket: string; objectLock: boolean },
  objects: AsyncIterable<readonly PlannedObject[]>,
): AsyncGenerator<Uploaded> {
  const uploads = prefetchInOrder(
    toTransfer(objects),
    UPLOAD_LIMITS,
    ({ line }) => FIXED_WEIGHT_BYTES + heldBytes(line),
    async ({ line }): Promise<Omit<Uploaded, 'line'>> => {
      const { attributes, leftOut } = attributesOf(line, target, now().getTime());
      try {
        await uploadObject(store, archives, target.bucket, line, { signal, attributes });
        return { leftOut };
      } catch (error) {
        return { failure: await explainFailure(store, target.bucket, error, signal) };
      }
    },
  );
  for await (const { item, result } of uploads) yield { line: item.line, ...result };
}

async function* toTransfer(
  pages: AsyncIterable<readonly PlannedObject[]>,
): AsyncGenerator<PlannedObject[]> {
  for await (const page of pages) yield page.filter(({ action }) => transfers(action));
}
