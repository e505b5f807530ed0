import type { ObjectInProgress } from '../archive/archive-writer.js';
import type { ListedObject, ObjectHead, OpenObject } from '../object-store/port.js';
import type { CaptureContext, Written } from './capture.js';
import {
  ContentDigest,
  FETCH_ATTEMPTS,
  describe,
  explainFailure,
  hasChanged,
  isWorthRestarting,
} from './fetch.js';

/**
 * Copies one large object into the archive while it is being read. Its tar header is out before its
 * last byte is there: a copy that turns out wrong is filled up with zeros, left out of the index,
 * and begun again behind it under the same name.
 */
export async function streamObject(
  context: CaptureContext,
  bucket: string,
  listed: ListedObject,
  onBytes: (bytes: number) => void,
): Promise<Written> {
  const { store, writer, signal } = context;
  for (let attempt = 1; ; attempt++) {
    let inProgress: ObjectInProgress | undefined;
    let open: OpenObject | undefined;
    let reading = true;
    try {
      open = await store.getObject(bucket, listed.key, {
        expectedBytes: listed.sizeBytes,
        signal,
      });
      inProgress = announce(context, bucket, listed, open.head);
      const digest = new ContentDigest();
      let bytes = 0;
      for await (const chunk of open.body as AsyncIterable<Buffer>) {
        digest.update(chunk);
        bytes += chunk.length;
        reading = false;
        await inProgress.write(chunk);
        reading = true;
        onBytes(bytes);
      }
      const record = await describe(store, bucket, listed, open.head, digest.finish(), signal);
      reading = false;
      inProgress.commit(record);
      await writer.ready();
      return { kind: 'captured', bytes: record.size, changed: hasChanged(listed, open.head) };
    } catch (error) {
      open?.body.destroy();
      // What the archive's own end says is no failure of this object.
      if (!reading) throw error;
      signal.throwIfAborted();
      await inProgress?.abandon();
      if (attempt < FETCH_ATTEMPTS && isWorthRestarting(error)) continue;
      return await explainFailure(store, bucket, error, signal);
    }
  }
}

function announce(
  { writer }: CaptureContext,
  bucket: string,
  listed: ListedObject,
  head: ObjectHead,
): ObjectInProgress {
  return writer.announceObject({
    bucket,
    key: listed.key,
    sizeBytes: head.sizeBytes,
    modifiedAt: new Date(head.lastModified),
    contentType: head.headers['content-type'],
  });
}
