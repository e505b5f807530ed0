import { countOf, formatCount } from '../../count-of.js';
import { MangamotionError, isMangamotionError } from '../../errors.js';
import type { ObjectStore } from '../../object-store/port.js';
import { errnoOf, explainFileError } from '../../files/errors.js';
import { isObjectChanged } from '../../object-store/retry/retry.js';
import { placeText } from '../places.js';
import { PartialFile } from './partial-file.js';
import { versionTag } from './partial-name.js';
import { publishFile, refuseInTheWay } from './publish-file.js';
import { receiveInto } from './receive.js';
import type { JobResult } from '../result.js';

export interface FileDownload {
  store: Pick<ObjectStore, 'getObject' | 'headObject'>;
  /** The absolute path of the file. */
  target: string;
  /** Whether an existing file is overwritten. */
  force: boolean;
  signal: AbortSignal;
  /** Called with the bytes that are on the disk, including those of an earlier run. */
  onProgress: (bytes: number, bytesTotal: number) => void;
  /** Called with the partial file if the download is incomplete; the next run continues from there. */
  onKept: (path: string, bytes: number, bytesTotal: number) => void;
}

export interface SavedFile {
  /** The result as it was at the end: an object may be replaced while it is read. */
  result: JobResult;
  path: string;
  /** The number of bytes that were already there from an earlier run. */
  resumedFrom: number;
  /** False where the ETag is not an MD5. */
  isChecked: boolean;
}

/** An object that is replaced again and again cannot be downloaded. */
const MOST_ROUNDS = 3;

/**
 * Downloads the result of a job to a file, and continues a partial download of the same version. The file
 * gets its name when it is complete, checked and on the disk. Rejects with `refused` where a file is in the
 * way, `locked` where another run is writing it, and `damaged` where it does not match its ETag.
 */
export async function downloadToFile(result: JobResult, work: FileDownload): Promise<SavedFile> {
  try {
    await refuseInTheWay(work.target, work.force);
    for (let round = 1, current = result; ; round++) {
      try {
        return await downloadVersion(current, work);
      } catch (error) {
        if (!isObjectChanged(error) || round >= MOST_ROUNDS) throw error;
        const { bucket, key } = current;
        const head = await work.store.headObject(bucket, key, { signal: work.signal });
        current = { ...current, head };
      }
    }
  } catch (error) {
    throw translateDownloadError(error, work.target);
  }
}

async function downloadVersion(result: JobResult, work: FileDownload): Promise<SavedFile> {
  const { head } = result;
  const partial = await PartialFile.open(work.target, versionTag(result, head.etag), {
    // Without an ETag it is not known which version the bytes belong to.
    maxBytes: head.etag === '' ? 0 : head.sizeBytes,
    hashed: head.etagIsMd5,
  });
  try {
    const resumedFrom = await receiveInto(partial, result, work);
    await Promise.all([checkContent(result, partial), partial.sync()]);
    await publishFile(await partial.complete(), work.target, work.force);
    return { result, path: work.target, resumedFrom, isChecked: head.etagIsMd5 };
  } catch (error) {
    const isWorthless =
      isMangamotionError(error, 'damaged') || isObjectChanged(error) || head.etag === '';
    if (isWorthless) await partial.discard();
    else await partial.release();
    const { sizeBytes, releasedPath } = partial;
    if (!isWorthless && sizeBytes > 0) work.onKept(releasedPath, sizeBytes, head.sizeBytes);
    throw error;
  }
}

async function checkContent({ head, ...place }: JobResult, partial: PartialFile): Promise<void> {
  const { sizeBytes } = partial;
  const md5 = await partial.md5();
  const what =
    sizeBytes !== head.sizeBytes
      ? `only ${formatCount(sizeBytes)} of its ${countOf(head.sizeBytes, 'byte')} arrived`
      : md5 !== undefined && md5 !== head.etag
        ? `its MD5 is ${md5}, but its ETag is ${head.etag}`
        : undefined;
  if (what === undefined) return;
  throw new MangamotionError('damaged', `${placeText(place)} arrived damaged: ${what}`, {
    hint: 'run it again; if the result is the same, the object is damaged in the store',
  });
}

/** Translates a failure of the file of a download; other errors stay as they are. */
export function translateDownloadError(error: unknown, path: string): unknown {
  if (error instanceof MangamotionError) return error;
  if (errnoOf(error) === undefined) return error;
  const { code, why } = explainFileError(error, 'write');
  const isDisk = code === 'disk';
  return new MangamotionError(isDisk ? 'disk' : 'usage', `cannot write ${path}: ${why}`, {
    hint: isDisk
      ? 'free some space, or choose a place on another disk with -o; the same command resumes the download'
      : 'name an existing folder that you may write, or a file in one, with -o',
    cause: error,
  });
}
