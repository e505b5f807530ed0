import type { ArchivedBucket, WrittenArchive } from './archive-writer.js';
import type { DirectoryPlace } from './archive.js';
import type { Directory, DocumentEntry } from './directory.js';
import { FORMAT_VERSION } from './footer.js';
import type { IndexWriter } from './index-writer.js';

/** Returns the directory of an archive whose index chunks have all been written. */
export function describeArchive(
  archive: string,
  index: IndexWriter,
  buckets: readonly ArchivedBucket[],
  documents: DocumentEntry[],
): Directory {
  const chunks = index.chunks();
  const sumOf = (field: 'objects' | 'bytes') =>
    chunks.reduce((sum, chunk) => sum + chunk[field], 0);
  return {
    format: FORMAT_VERSION,
    archive,
    objects: sumOf('objects'),
    bytes: sumOf('bytes'),
    buckets: index.withTotals(buckets),
    documents,
    chunks,
  };
}

export function describeWritten(
  { objects, bytes, buckets }: Directory,
  place: DirectoryPlace,
  references: string[],
): WrittenArchive {
  const totals = buckets.map((bucket) => ({
    name: bucket.name,
    objects: bucket.objects,
    bytes: bucket.bytes,
  }));
  return { directory: place, objects, objectBytes: bytes, buckets: totals, references };
}
