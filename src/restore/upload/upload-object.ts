import { createHash } from 'node:crypto';
import type { IndexLine } from '../../archive/index-line.js';
import { READ_WHOLE_BYTES } from '../../archive/archive.js';
import type { ObjectStore, StoredObject, UploadOptions } from '../../object-store/port.js';
import type { Archives } from '../../repository/archives.js';
import { notWhatWasBackedUp, uploadInParts } from './multipart.js';
import { partSizeFor } from '../part-size.js';

/** Writes an object to the target, and checks that its bytes are those that were backed up. */
export async function uploadObject(
  store: ObjectStore,
  archives: Archives,
  bucket: string,
  line: IndexLine,
  options: UploadOptions,
): Promise<StoredObject> {
  const content = { sizeBytes: line.size, sha256: line.sha256 };
  const archive = await archives.of(line.archive);
  const partBytes = partSizeFor(line);
  if (partBytes !== undefined) {
    const parts = { content: archive.read(line), partBytes };
    return await uploadInParts(store, bucket, line, parts, options);
  }
  if (line.size > READ_WHOLE_BYTES) {
    const open = () => archive.read(line);
    return await store.putObject(bucket, line.key, { ...content, open }, options);
  }
  const bytes = await archive.readWhole(line);
  checkDigest(bytes, line);
  return await store.putObject(bucket, line.key, { ...content, open: () => bytes }, options);
}

/** A large object is read one member at a time; an upload in parts also holds a part. */
const MAX_HELD_BYTES = 12 * 1024 * 1024;

/** Returns the bytes that an object holds in memory while it is uploaded. */
export function heldBytes(line: IndexLine): number {
  return Math.min(line.size, MAX_HELD_BYTES + (partSizeFor(line) ?? 0));
}

function checkDigest(bytes: readonly Buffer[], line: IndexLine): void {
  const hash = createHash('sha256');
  for (const part of bytes) hash.update(part);
  if (hash.digest('hex') !== line.sha256) throw notWhatWasBackedUp();
}
