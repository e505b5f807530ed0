import type { IndexLine } from '../../archive/index-line.js';
import type { ObjectHead } from '../../object-store/port.js';
import {
  FETCH_ATTEMPTS,
  type NotFetched,
  type ReadContext,
  hasChanged,
  judgeRead,
} from './fetch.js';
import type { ListedInBucket } from '../plan/listing.js';
import { type PartFinding, atRest } from './object-parts.js';

/** What one HEAD says of an object whose content seems to be that of a line. */
export type Looked =
  | { kind: 'same'; line: IndexLine; findings: PartFinding[] }
  /** It was overwritten since it was listed: its bytes are to be read. */
  | { kind: 'other' }
  | NotFetched;

/** `before`: the object's line in the earlier backup. Rejects only with what ends the run. */
export async function lookAt(
  context: ReadContext,
  { bucket, object }: ListedInBucket,
  line: IndexLine,
  before: IndexLine | undefined,
): Promise<Looked> {
  const { store, signal } = context;
  try {
    const head = await store.headObject(bucket, object.key, {
      expectedBytes: object.sizeBytes,
      signal,
    });
    if (hasChanged(object, head)) return { kind: 'other' };
    return await refreshed(context, { bucket, object }, line, head, before);
  } catch (error) {
    // What is worth another try is read as a whole.
    const verdict = await judgeRead(context, bucket, object.key, error, FETCH_ATTEMPTS);
    return verdict.kind === 'again' ? { kind: 'other' } : verdict;
  }
}

/** The line with all that the head, and the object's own documents, say now. */
async function refreshed(
  { parts }: ReadContext,
  { bucket, object }: ListedInBucket,
  line: IndexLine,
  head: ObjectHead,
  before: IndexLine | undefined,
): Promise<Looked> {
  const belonging = await parts.read(bucket, object.key, head, before);
  // What is not there any more must not stay.
  const { bucket: of, key, size, etag, sha256, md5, path, archive, offset, length, inner } = line;
  const fresh: IndexLine = {
    ...{ bucket: of, key, size, etag, sha256, path, archive, offset, length, inner },
    ...(md5 === undefined ? {} : { md5 }),
    ...(head.versionId === null ? {} : { version_id: head.versionId }),
    last_modified: object.lastModified,
    headers: head.headers,
    metadata: head.metadata,
    // Of the same content, where nobody tells anew: these are as they were.
    ...(line.checksums === undefined ? {} : { checksums: line.checksums }),
    ...(line.acl === undefined ? {} : { acl: line.acl }),
    ...belonging.parts,
    ...atRest(head),
  };
  return { kind: 'same', line: fresh, findings: belonging.findings };
}
