import { inParallel } from '../../in-parallel.js';
import { MangamotionError, isMangamotionError } from '../../errors.js';
import type { PutOptions } from '../../object-store/port.js';
import { isObjectInTheWay, s3CodeOf } from '../../object-store/store-errors.js';
import { SUMMARY_SUFFIX } from '../names.js';
import { type S3Place, isNoSuchObject, withPlaceErrors } from './s3-place.js';
import { contentOf } from './s3-upload-sink.js';

/** The last step of a commit, by a run that may have slept for longer than its lease. */

const ASKED_AT_ONCE = 16;

/**
 * Writes the summary of a backup that has none. Rejects with `locked` if another run has written another one:
 * it stays. A server that does not know such a condition is asked without it.
 */
export async function putSummary(
  place: S3Place,
  id: string,
  text: string,
  options: PutOptions,
): Promise<void> {
  const { store, bucket, prefix } = place;
  const put = (ifAbsent: boolean) =>
    store.putObject(bucket, prefix + id + SUMMARY_SUFFIX, contentOf(Buffer.from(text)), {
      ...options,
      ifAbsent,
    });
  try {
    await withPlaceErrors(place, put(true));
    return;
  } catch (error) {
    // A proxy may take the header away.
    const isSignature = s3CodeOf(error) === 'SignatureDoesNotMatch';
    if (!isMangamotionError(error, 'refused') && !isSignature) throw error;
    const there = isObjectInTheWay(error) ? await readSummaryText(place, id, text) : undefined;
    // A proxy may have sent it twice.
    if (there === text) return;
    if (there !== undefined) throw takenOver(place, id, 'has another summary');
  }
  await withPlaceErrors(place, put(false));
}

/**
 * Rejects with `locked` if a run that took this one for dead has removed one of these files just before the summary
 * was written, and removes the summary. What cannot be asked for proves nothing.
 */
export async function withdrawIfIncomplete(
  place: S3Place,
  id: string,
  text: string,
  files: readonly string[],
): Promise<void> {
  const { store, bucket, prefix } = place;
  const found = await inParallel(ASKED_AT_ONCE, files, (file) => isThere(place, file));
  const missing = files.find((_, at) => found[at] === false);
  if (missing === undefined) return;
  // Another head of the run may have written its own since.
  if ((await readSummaryText(place, id, text)) === text) {
    await withPlaceErrors(place, store.deleteObject(bucket, prefix + id + SUMMARY_SUFFIX));
  }
  throw takenOver(place, id, `has lost ${missing}`);
}

/** Whether the destination has a file of this name; `undefined` if it does not tell. */
export async function isThere(place: S3Place, file: string): Promise<boolean | undefined> {
  const { store, bucket, prefix } = place;
  try {
    await store.headObject(bucket, prefix + file);
    return true;
  } catch (error) {
    if (isNoSuchObject(error)) return false;
    if (isMangamotionError(error)) return undefined;
    throw error;
  }
}

/** Resolves to `undefined` if there is no summary. Of one that is longer than ours, only that is told. */
async function readSummaryText(
  place: S3Place,
  id: string,
  ours: string,
): Promise<string | undefined> {
  const { store, bucket, prefix } = place;
  const maxBytes = Buffer.byteLength(ours);
  try {
    const read = store.readObject(bucket, prefix + id + SUMMARY_SUFFIX, { maxBytes });
    return (await withPlaceErrors(place, read)).content?.toString() ?? '';
  } catch (error) {
    if (isNoSuchObject(error)) return undefined;
    throw error;
  }
}

function takenOver({ url }: S3Place, id: string, why: string): MangamotionError {
  return new MangamotionError('locked', `${url}/${id} ${why}: another run has taken over`, {
    hint: 'Look for the other run, and begin again when it has ended.',
  });
}
