import { isMangamotionError } from '../../errors.js';
import type { ObjectStore, OpenObject } from '../../object-store/port.js';
import { isUnexpectedAnswer } from '../../object-store/retry/retry.js';
import type { Artifact } from '../result.js';
import type { ObjectPlace } from '../places.js';
import type { PartialFile } from './partial-file.js';

interface Receiving {
  store: Pick<ObjectStore, 'getObject'>;
  signal: AbortSignal;
  /** Called with the bytes that are on the disk, including those of an earlier run. */
  onProgress: (bytes: number, bytesTotal: number) => void;
}

/** The size of a write. Larger writes take the kernel more time; smaller ones take more calls. */
const BLOCK_BYTES = 256 * 1024;

/**
 * Reads the object from where the partial file ends. Resolves to the number of bytes that were already
 * there. Rejects where the rest did not arrive, and where the object has changed (`isObjectChanged`); the
 * file then has all bytes that arrived.
 */
export async function receiveInto(
  partial: PartialFile,
  result: Artifact,
  { store, signal, onProgress }: Receiving,
): Promise<number> {
  const { sizeBytes } = result.head;
  if (sizeBytes > 0 && partial.sizeBytes === sizeBytes) return sizeBytes;
  const { body } = await openRest(result, partial, store, signal);
  const begin = partial.sizeBytes;
  let received = begin;
  const onBytes = (bytes: number): void => {
    received += bytes;
    onProgress(received, sizeBytes);
  };
  let writing: Promise<void> | undefined;
  try {
    for await (const block of inBlocks(body as AsyncIterable<Buffer>, onBytes)) {
      await writing;
      writing = partial.append(block);
      // A failure is seen when the next block is there; until then it must not count as unhandled.
      writing.catch(() => undefined);
    }
  } finally {
    await writing;
  }
  return begin;
}

/** Opens the rest of the same version. If it has changed, `isObjectChanged` is true for the error. */
async function openRest(
  { bucket, key, head }: Artifact,
  partial: PartialFile,
  store: Receiving['store'],
  signal: AbortSignal,
): Promise<OpenObject> {
  const options = { signal, ifMatch: head.etag === '' ? undefined : head.etag };
  const start = partial.sizeBytes;
  if (start > 0 && (await takesRanges(store, { bucket, key }, start, options))) {
    return await store.getObject(bucket, key, { ...options, range: { start } });
  }
  if (start > 0) await partial.restart();
  return await store.getObject(bucket, key, options);
}

/** A server that works answers one of these; the next request waits longer for one that does not. */
const PROBE_ATTEMPTS = 4;

/** Resolves to false for a server, or a proxy in front of it, that answers with the whole object. */
async function takesRanges(
  store: Receiving['store'],
  { bucket, key }: ObjectPlace,
  start: number,
  options: { signal: AbortSignal; ifMatch: string | undefined },
): Promise<boolean> {
  const range = { start, end: start + 1 };
  try {
    const probe = { ...options, range, attempts: PROBE_ATTEMPTS };
    (await store.getObject(bucket, key, probe)).body.resume();
    return true;
  } catch (error) {
    if (!isMangamotionError(error, 'unreachable')) throw error;
    // This is an answer of the server, not a failure of the network.
    return !isUnexpectedAnswer(error);
  }
}

/**
 * Yields the body in blocks. Two buffers take turns: one is filled while the other one is written. Copying
 * is cheaper than keeping thousands of small chunks alive. The bytes that arrived before a failure are
 * yielded before it is thrown.
 */
async function* inBlocks(
  body: AsyncIterable<Buffer>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  let [block, other] = [Buffer.allocUnsafeSlow(BLOCK_BYTES), Buffer.allocUnsafeSlow(BLOCK_BYTES)];
  let filled = 0;
  let failure: { error: unknown } | undefined;
  try {
    for await (const chunk of body) {
      onBytes(chunk.length);
      for (let taken = 0; taken < chunk.length;) {
        const copied = chunk.copy(block, filled, taken);
        filled += copied;
        taken += copied;
        if (filled < BLOCK_BYTES) continue;
        yield block;
        [block, other, filled] = [other, block, 0];
      }
    }
  } catch (error) {
    failure = { error };
  }
  if (filled > 0) yield block.subarray(0, filled);
  if (failure !== undefined) throw failure.error;
}
