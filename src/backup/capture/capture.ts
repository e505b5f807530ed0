import { prefetchInOrder } from '../../prefetch.js';
import { isReadWhole } from '../archived-object.js';
import type { Step } from '../plan/changes.js';
import type { CaptureContext } from './outcomes.js';
import { StepRunner, isPrefetched } from './steps.js';

/** What one thread may read ahead: requests at once, and bytes that wait to be written. */
const PREFETCH_LIMITS = { maxRequests: 32, maxBytes: 12 * 1024 * 1024 };
/** The memory that a fetched object takes apart from its bytes: names, headers, promises. */
const FIXED_WEIGHT_BYTES = 16 * 1024;
/** The memory that an object takes if only its line is held. */
const CARRIED_WEIGHT_BYTES = 1024;

/**
 * Carries out the steps in order: copies objects into the archive, or refers to them in an earlier
 * one. If an object cannot be read, its copy in the earlier backup is kept, and the ledger names
 * it. Rejects only with an error that ends the backup.
 */
export async function capture(
  context: CaptureContext,
  steps: AsyncIterable<readonly Step[]>,
): Promise<void> {
  // If a write fails, all running fetches are aborted.
  const aborted = new AbortController();
  const signal = AbortSignal.any([context.signal, aborted.signal]);
  const runner = new StepRunner({ ...context, signal });
  const { counts } = context.ledger;
  try {
    const readers = Math.max(1, context.store.readers ?? 0);
    const limits = {
      maxRequests: PREFETCH_LIMITS.maxRequests * readers,
      maxBytes: PREFETCH_LIMITS.maxBytes * readers,
    };
    const prepared = prefetchInOrder(steps, limits, weigh, (step) => runner.prepare(step));
    for await (const { result: write } of prepared) {
      signal.throwIfAborted();
      await write();
      context.onProgress({ objects: counts.total, bytes: counts.copiedBytes });
    }
  } finally {
    aborted.abort();
    runner.close();
  }
}

function weigh(step: Step): number {
  switch (step.kind) {
    case 'take': {
      const { sizeBytes } = step.object;
      return FIXED_WEIGHT_BYTES + (isPrefetched(sizeBytes) ? sizeBytes : 0);
    }
    case 'salvage':
      return FIXED_WEIGHT_BYTES + (isReadWhole(step.line) ? step.line.size : 0);
    case 'missing':
    case 'verify':
      return FIXED_WEIGHT_BYTES;
    case 'keep':
    case 'carry':
      return CARRIED_WEIGHT_BYTES;
    case 'refer':
      return step.lines.length * CARRIED_WEIGHT_BYTES;
  }
}
