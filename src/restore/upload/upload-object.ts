import { createHash } from 'node:crypto';
import { AHEAD_OF_OBJECT_BYTES, REQUESTS_OF_OBJECT } from '../../archive/read-ahead.js';
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
  { workers = 1, ...options }: UploadOptions & { workers?: number | undefined },
): Promise<StoredObject> {
  const content = { sizeBytes: line.size, sha256: line.sha256 };
  const archive = await archives.of(line.archive);
  const partBytes = partSizeFor(line);
  if (partBytes !== undefined) {
    const requests = workers > 1 ? REQUESTS_OF_OBJECT * workers : 1;
    const parts = {
      content: archive.read(line, requests),
      partBytes,
      partsAtOnce: partsAtOnce(partBytes, workers),
    };
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

/** A large object is read one member at a time; an upload in parts also holds its parts. */
const MAX_HELD_BYTES = 12 * 1024 * 1024;
/** The parts of one object that a worker uploads. One larger part is uploaded by several. */
const PART_BYTES_A_WORKER = 16 * 1024 * 1024;

function partsAtOnce(partBytes: number, workers: number): number {
  const most = Math.floor((PART_BYTES_A_WORKER * workers) / partBytes);
  return Math.max(1, Math.min(workers, most));
}

/** Returns the bytes that an object holds in memory while it is uploaded. */
export function heldBytes(line: IndexLine, workers: number): number {
  const partBytes = partSizeFor(line);
  if (partBytes === undefined) return Math.min(line.size, MAX_HELD_BYTES);
  const ahead = workers > 1 ? AHEAD_OF_OBJECT_BYTES * workers : 0;
  const inParts = partBytes * partsAtOnce(partBytes, workers);
  return Math.min(line.size, MAX_HELD_BYTES + ahead + inParts);
}

function checkDigest(bytes: readonly Buffer[], line: IndexLine): void {
  const hash = createHash('sha256');
  for (const part of bytes) hash.update(part);
  if (hash.digest('hex') !== line.sha256) throw notWhatWasBackedUp();
}
