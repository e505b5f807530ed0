import { isMangamotionError } from '../../errors.js';
import type { ObjectStore, OpenObject } from '../../object-store/port.js';
import { isUnexpectedAnswer } from '../../object-store/retry/retry.js';
import type { Artifact } from '../artifacts.js';
import type { ObjectPlace } from '../return-value.js';
import type { PartialFile } from './partial-file.js';

interface Receiving {
  store: Pick<ObjectStore, 'getObject'>;
  signal: AbortSignal;
  /** Called with the bytes that are on the disk, including those of an earlier run. */
  onProgress: (bytes: number, bytesTotal: number) => void;
}

/** Written at once. Writes of MiBs take the kernel more time, and smaller ones take us more. */
const BLOCK_BYTES = 256 * 1024;

/**
 * Reads the object from where the partial file ends. Resolves to the number of bytes that were there
 * and did not have to be read. Rejects, with all in the file that has come, where the rest did not
 * come, and where the object is another by now (`isObjectChanged`).
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
      // Seen when the next block is there; until then it must not count as unhandled.
      writing.catch(() => undefined);
    }
  } finally {
    await writing;
  }
  return begin;
}

/** The rest is one of the same version, or an error of which `isObjectChanged` is true. */
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

/** A server that is there answers these; one that is not is waited for by the next request. */
const PROBE_ATTEMPTS = 4;

/** False of a server, or a proxy before it, that answers with the whole object. */
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
    // What came is an answer, and not a failure of the way to it.
    return !isUnexpectedAnswer(error);
  }
}

/**
 * The body in blocks, of which two lie in memory in turn: one fills while the one before is written.
 * To copy is cheaper than to keep thousands of small chunks from the garbage collector meanwhile.
 * What has come before a failure is handed on before it.
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
