import { createHash } from 'node:crypto';
import type { IndexLine } from '../archive/index-line.js';
import { READ_WHOLE_BYTES } from '../archive/archive.js';
import { MangamotionError } from '../errors.js';
import type { ObjectStore, PutOptions } from '../object-store/port.js';
import type { Archives } from '../repository/archives.js';

/** Writes an object of a backup to the target, if its bytes are those that were backed up. */
export async function uploadObject(
  store: ObjectStore,
  archives: Archives,
  bucket: string,
  line: IndexLine,
  signal: AbortSignal,
): Promise<void> {
  const options = { signal, attributes: attributesOf(line) };
  const content = { sizeBytes: line.size, sha256: line.sha256 };
  const archive = await archives.of(line.archive);
  if (line.size > READ_WHOLE_BYTES) {
    const open = () => archive.read(line);
    await store.putObject(bucket, line.key, { ...content, open }, options);
    return;
  }
  const bytes = await archive.readWhole(line);
  checkDigest(bytes, line);
  await store.putObject(bucket, line.key, { ...content, open: () => bytes }, options);
}

function checkDigest(bytes: readonly Buffer[], line: IndexLine): void {
  const hash = createHash('sha256');
  for (const part of bytes) hash.update(part);
  if (hash.digest('hex') === line.sha256) return;
  throw new MangamotionError(
    'damaged',
    'its bytes in the archive are not those that were backed up',
  );
}

function attributesOf(line: IndexLine): NonNullable<PutOptions['attributes']> {
  return {
    headers: line.headers ?? {},
    metadata: line.metadata ?? {},
    tags: line.tags ?? [],
  };
}
