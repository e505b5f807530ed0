import type { ArchiveWriter, ObjectInProgress } from '../../archive/archive-writer.js';
import type { IndexLine } from '../../archive/index-line.js';
import type { ListedObject, ObjectHead, OpenObject } from '../../object-store/port.js';
import {
  ContentDigest,
  type NotFetched,
  type ReadContext,
  describe,
  hasChanged,
  classifyReadError,
} from './fetch.js';
import type { ListedInBucket } from '../plan/listing.js';
import type { PartFinding } from './object-parts.js';

export interface StreamContext extends ReadContext {
  writer: ArchiveWriter;
}

export type Streamed =
  | { kind: 'captured'; bytes: number; changed: boolean; findings: PartFinding[] }
  | NotFetched;

/**
 * Copies a large object into the archive while reading it. Its tar header is written before its
 * content has been checked. A wrong copy is padded with zeros and left out of the index, and the
 * next attempt follows under the same name.
 */
export async function streamObject(
  context: StreamContext,
  { bucket, object: listed }: ListedInBucket,
  before: IndexLine | undefined,
  onBytes: (bytes: number) => void,
): Promise<Streamed> {
  const { store, writer, signal } = context;
  for (let attempt = 1; ; attempt++) {
    let inProgress: ObjectInProgress | undefined;
    let open: OpenObject | undefined;
    let reading = true;
    try {
      const options = { expectedBytes: listed.sizeBytes, signal };
      open = await store.getObject(bucket, listed.key, options);
      inProgress = announce(writer, bucket, listed, open.head);
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
      const facts = digest.finish();
      const { record, findings } = await describe(
        context,
        bucket,
        listed,
        open.head,
        facts,
        before,
      );
      reading = false;
      inProgress.commit(record);
      await writer.ready();
      const changed = hasChanged(listed, open.head);
      return { kind: 'captured', bytes: record.size, changed, findings };
    } catch (error) {
      open?.body.destroy();
      // An error of the archive is not a failure of this object.
      if (!reading) throw error;
      signal.throwIfAborted();
      await inProgress?.abandon();
      const verdict = await classifyReadError(context, bucket, listed.key, error, attempt);
      if (verdict.kind !== 'again') return verdict;
    }
  }
}

function announce(
  writer: ArchiveWriter,
  bucket: string,
  listed: ListedObject,
  head: ObjectHead,
): ObjectInProgress {
  return writer.announceObject({
    bucket,
    key: listed.key,
    sizeBytes: head.sizeBytes,
    modifiedAt: new Date(head.lastModified === '' ? listed.lastModified : head.lastModified),
    contentType: head.headers['content-type'],
  });
}
