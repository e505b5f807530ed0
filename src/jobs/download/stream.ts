import { createHash } from 'node:crypto';
import { MangamotionError } from '../../errors.js';
import type { ObjectStore } from '../../object-store/port.js';
import { placeText } from '../places.js';
import type { JobResult } from '../result.js';

export interface StreamDownload {
  store: Pick<ObjectStore, 'getObject'>;
  /** Resolves when more may be written; to false if the reader has gone away. */
  write: (chunk: Uint8Array) => Promise<boolean>;
  signal: AbortSignal;
  onProgress: (bytes: number, bytesTotal: number) => void;
}

/**
 * Passes on the bytes of a result as they arrive. Rejects with `damaged` after the last one if they do not
 * match the ETag.
 */
export async function downloadToStream(
  { bucket, key }: JobResult,
  { store, write, signal, onProgress }: StreamDownload,
): Promise<void> {
  const { head, body } = await store.getObject(bucket, key, { signal });
  const md5 = createHash('md5');
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    md5.update(chunk);
    bytes += chunk.length;
    if (!(await write(chunk))) return;
    onProgress(bytes, head.sizeBytes);
  }
  const isSame = !head.etagIsMd5 || md5.digest('hex') === head.etag;
  if (bytes === head.sizeBytes && isSame) return;
  throw new MangamotionError('damaged', `${placeText({ bucket, key })} arrived damaged`, {
    hint: 'the output is not the result; run it again',
  });
}
