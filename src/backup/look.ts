import type { IndexLine } from '../archive/index-line.js';
import { isMangamotionError } from '../errors.js';
import type { ObjectStore } from '../object-store/port.js';
import { type NotFetched, explainFailure, hasChanged, lockOf } from './fetch.js';
import type { ListedInBucket } from './listing.js';

/** What one HEAD says of an object whose content seems to be that of the parent. */
export type Looked =
  | { kind: 'same'; line: IndexLine }
  /** It was overwritten since it was listed: its bytes are to be read. */
  | { kind: 'other' }
  | NotFetched;

/** Rejects only with what ends the run: a store that is gone, a signal. */
export async function lookAt(
  store: ObjectStore,
  { bucket, object }: ListedInBucket,
  line: IndexLine,
  signal: AbortSignal,
): Promise<Looked> {
  try {
    const head = await store.headObject(bucket, object.key, {
      expectedBytes: object.sizeBytes,
      signal,
    });
    if (hasChanged(object, head)) return { kind: 'other' };
    const tags =
      head.tagCount === 0 ? [] : await store.getObjectTags(bucket, object.key, { signal });
    const { headers, metadata, versionId } = head;
    // What is not there any more must not stay.
    const lasting = { ...line };
    delete lasting.version_id;
    delete lasting.retention;
    delete lasting.legal_hold;
    const fresh: IndexLine = {
      ...lasting,
      last_modified: object.lastModified,
      headers,
      metadata,
      tags,
      ...(versionId === null ? {} : { version_id: versionId }),
      ...lockOf(head),
    };
    return { kind: 'same', line: fresh };
  } catch (error) {
    signal.throwIfAborted();
    if (isMangamotionError(error, 'not_found')) return { kind: 'vanished' };
    return await explainFailure(store, bucket, error, signal);
  }
}
