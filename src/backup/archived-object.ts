import { createHash } from 'node:crypto';
import { READ_WHOLE_BYTES } from '../archive/archive.js';
import type { ReadableArchive } from '../repository/leftover.js';
import type { ArchiveWriter } from '../archive/archive-writer.js';
import type { IndexLine } from '../archive/index-line.js';
import { isMangamotionError } from '../errors.js';

/** Reads a small object from an archive; resolves to `undefined` if it is damaged. */
export async function readArchived(
  archive: ReadableArchive,
  line: IndexLine,
): Promise<Buffer[] | undefined> {
  try {
    const parts = await archive.readWhole(line);
    const hash = createHash('sha256');
    for (const part of parts) hash.update(part);
    return hash.digest('hex') === line.sha256 ? parts : undefined;
  } catch (error) {
    if (!isMangamotionError(error, 'damaged')) throw error;
    return undefined;
  }
}

export function isReadWhole({ size }: IndexLine): boolean {
  return size <= READ_WHOLE_BYTES;
}

/** Copies a large object from one archive to another; resolves to false if it is damaged. */
export async function copyArchived(
  archive: ReadableArchive,
  line: IndexLine,
  writer: ArchiveWriter,
): Promise<boolean> {
  const inProgress = writer.announceObject({
    bucket: line.bucket,
    key: line.key,
    sizeBytes: line.size,
    modifiedAt: new Date(line.last_modified),
    contentType: line.headers?.['content-type'],
  });
  const hash = createHash('sha256');
  try {
    for await (const part of archive.read(line)) {
      hash.update(part);
      await inProgress.write(part);
    }
  } catch (error) {
    if (!isMangamotionError(error, 'damaged')) throw error;
    await inProgress.abandon();
    return false;
  }
  if (hash.digest('hex') !== line.sha256) {
    await inProgress.abandon();
    return false;
  }
  inProgress.commit(line);
  await writer.ready();
  return true;
}
