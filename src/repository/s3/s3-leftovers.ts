import type { Leftover } from '../leftover.js';
import {
  ARCHIVE_SUFFIXES,
  SIDECAR_SUFFIX,
  SIGNATURE_SUFFIX,
  SUMMARY_SUFFIX,
  partOf,
  reservedIdOf,
} from '../names.js';
import { PARTIAL_SUFFIX } from '../../files/sync.js';
import { unfinishedRuns } from '../unfinished-runs.js';
import { type S3Place, withPlaceErrors } from './s3-place.js';
import { isThere } from './summary-object.js';

/** The endings of the files that a run uploads before its summary. */
const FILES = [...ARCHIVE_SUFFIXES, SIDECAR_SUFFIX, SIGNATURE_SUFFIX];

/**
 * Finds what interrupted runs left in a bucket: unfinished uploads of archives, which cannot be
 * read; temporary summaries; and archives that have a temporary summary or the plan of a run, but no
 * summary. An archive without is left alone: a person put it there. The parts of a run that has not ended are left
 * out: its workers do not hold the lock. Call it only while holding the lock: otherwise
 * it may find objects of an active run.
 */
export async function findS3Leftovers(
  place: S3Place,
  givenUp?: ReadonlySet<string>,
): Promise<Leftover[]> {
  const names = await namesIn(place);
  const unfinished = unfinishedRuns(names, givenUp);
  const summaries: Leftover[] = [];
  const archives: Leftover[] = [];
  for (const name of names) {
    const id = reservedIdOf(name);
    if (id === undefined || name !== id + SUMMARY_SUFFIX + PARTIAL_SUFFIX) continue;
    if (unfinished.has(partOf(id)?.backup ?? '')) continue;
    const isCommitted = names.has(id + SUMMARY_SUFFIX);
    if (!isCommitted) {
      const files = FILES.map((suffix) => id + suffix).filter((file) => names.has(file));
      for (const file of files) archives.push(objectLeft(place, id, file));
    }
    summaries.push({ ...objectLeft(place, id, name), isOfBackup: isCommitted });
  }
  // The plan of a run, too, says that its archive is ours.
  for (const id of unfinishedRuns(names)) {
    if (names.has(id + SUMMARY_SUFFIX + PARTIAL_SUFFIX)) continue;
    const files = FILES.map((suffix) => id + suffix).filter((file) => names.has(file));
    for (const file of files) archives.push(objectLeft(place, id, file));
  }
  // The temporary summary marks an archive as ours, so it comes last.
  return [...(await uploadsLeft(place, unfinished)), ...archives, ...summaries];
}

async function uploadsLeft(place: S3Place, unfinished: ReadonlySet<string>): Promise<Leftover[]> {
  const { store, bucket, prefix, signal } = place;
  const uploads = await withPlaceErrors(
    place,
    store.listMultipartUploads(bucket, prefix, { signal }),
  );
  return uploads.flatMap(({ key, uploadId }) => {
    const name = key.slice(prefix.length);
    const id = FILES.some((suffix) => key.endsWith(suffix)) ? reservedIdOf(name) : undefined;
    if (id === undefined || unfinished.has(partOf(id)?.backup ?? '')) return [];
    const abort = store.abortMultipartUpload.bind(store, bucket, key, uploadId);
    return [left(place, id, name, () => withPlaceErrors(place, abort({ signal })))];
  });
}

function objectLeft(place: S3Place, id: string, name: string): Leftover {
  const { store, bucket, prefix, signal } = place;
  const remove = async () => {
    // A run that slept for longer than its lease may have ended meanwhile.
    const isMark = name.endsWith(PARTIAL_SUFFIX);
    if (!isMark && (await isThere(place, id + SUMMARY_SUFFIX)) !== false) return;
    await withPlaceErrors(place, store.deleteObject(bucket, prefix + name, { signal }));
  };
  return left(place, id, name, remove);
}

function left(place: S3Place, id: string, name: string, remove: () => Promise<void>): Leftover {
  const path = `s3://${place.bucket}/${place.prefix}${name}`;
  return { id, path, sizeBytes: 0, open: () => Promise.resolve(undefined), remove };
}

async function namesIn(place: S3Place): Promise<Set<string>> {
  const { store, bucket, prefix, signal } = place;
  const list = async (): Promise<Set<string>> => {
    const names = new Set<string>();
    for await (const page of store.listObjects(bucket, { prefix, signal })) {
      for (const { key } of page) names.add(key.slice(prefix.length));
    }
    return names;
  };
  return await withPlaceErrors(place, list());
}
