import type { ObjectStore } from '../../src/object-store/port.js';
import { encodeSummary } from '../../src/repository/summary-codec.js';
import { type Made, backupEntry } from './summaries.js';
import { listing } from './seed.js';
import { contentOf } from './test-store.js';

/** What lies in the bucket of an `s3://` destination. */

/** The names under the prefix, but for the claims of whoever has, or had, the lock. */
export async function namesAt(
  store: ObjectStore,
  { bucket, prefix }: { bucket: string; prefix: string },
): Promise<string[]> {
  const keys = (await listing(store, bucket)).map(({ key }) => key);
  const names = keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  return names.filter((name) => !name.startsWith('.mangamotion-lock/'));
}

/** The keys of the uploads that did not end. */
export async function uploadsAt(store: ObjectStore, bucket: string): Promise<string[]> {
  return (await store.listMultipartUploads(bucket, '')).map(({ key }) => key);
}

/** Puts a backup there that is nothing but a summary and so many bytes; resolves to its id. */
export async function putBackup(
  store: ObjectStore,
  { bucket, prefix }: { bucket: string; prefix: string },
  made: Made,
): Promise<string> {
  const { id, summary, archiveBytes } = backupEntry(made);
  if (summary.kind !== 'valid') throw new Error('made without a summary');
  const text = encodeSummary(summary.summary);
  await store.putObject(bucket, `${prefix}${id}.json`, contentOf(text));
  await store.putObject(bucket, `${prefix}${id}.tar.gz`, contentOf('.'.repeat(archiveBytes ?? 0)));
  return id;
}

/** Removes the uploads that did not end, without which a bucket cannot be deleted. */
export async function abortUploads(store: ObjectStore, bucket: string): Promise<void> {
  for (const { key, uploadId } of await store.listMultipartUploads(bucket, '')) {
    await store.abortMultipartUpload(bucket, key, uploadId);
  }
}
