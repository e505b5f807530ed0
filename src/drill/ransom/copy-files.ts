import { LARGEST_SUMMARY_BYTES } from '../../archive/limits.js';
import { MangamotionError } from '../../errors.js';
import type { BackupFiles, BucketPlace } from '../../repository/backup-files.js';
import { type ExpectedFile, sidecarOf } from '../../repository/copy/expected-file.js';
import { copyOnServer, whyStreamed } from '../../repository/copy/server-copy.js';
import { readBack, streamArchive } from '../../repository/copy/stream-copy.js';
import type { Destination } from '../../repository/destination.js';
import { SIDECAR_SUFFIX, SIGNATURE_SUFFIX, SUMMARY_SUFFIX } from '../../repository/names.js';
import { LOCKED_FILES } from '../../repository/s3/backup-files.js';
import { S3UploadSink, contentOf, partRanges } from '../../repository/s3/s3-upload-sink.js';
import type { Summary } from '../../repository/summary.js';

/** Copies the files of a backup into the place of a drill: by the server, where it does that. */

export interface FileToCopy {
  name: string;
  sizeBytes: number;
  /** What it must hold, if the summary of its backup tells. */
  expected: ExpectedFile | undefined;
}

/** What is known of an archive with files of its own: that of a backup, or a part. */
export type StoredArchive = Pick<Summary, 'id' | 'archive_bytes' | 'archive' | 'encryption'>;

/** Returns the files that these backups and parts need, the summaries last. `names` are those at the destination, with lengths. */
export function filesOf(
  archives: readonly StoredArchive[],
  names: ReadonlyMap<string, number | undefined>,
): FileToCopy[] {
  return LOCKED_FILES.flatMap((suffix) =>
    archives.flatMap((archive) => {
      const name = archive.id + suffix;
      const sizeBytes = names.get(name);
      if (sizeBytes === undefined) return [];
      return [{ name, sizeBytes, expected: expectedOf(archive, name) }];
    }),
  );
}

function expectedOf(archive: StoredArchive, name: string): ExpectedFile | undefined {
  if (name.endsWith(SIDECAR_SUFFIX)) return sidecarOf(archive);
  return name === archive.archive.file ? archive : undefined;
}

interface Copying {
  source: Pick<Destination, 'readFile'>;
  from: BackupFiles & { place: BucketPlace };
  to: BackupFiles & { place: BucketPlace };
  signal: AbortSignal;
  onBytes: (bytes: number) => void;
}

/** Rejects with `damaged` if a file is not what its summary says. */
export async function copyFile(copying: Copying, file: FileToCopy): Promise<void> {
  const { name, sizeBytes, expected } = file;
  if (name.endsWith(SUMMARY_SUFFIX) || name.endsWith(SIGNATURE_SUFFIX)) {
    await copySmall(copying, name);
    return;
  }
  if (expected === undefined) {
    throw new MangamotionError('refused', `${name} is not what a run of this program wrote`);
  }
  const { from, to, signal, onBytes } = copying;
  // What is as large as a part passes through this host in one request.
  if (partRanges(sizeBytes).length > 1) {
    try {
      const { isProven } = await copyOnServer({
        ...{ source: from.place, target: to.place, name, sizeBytes, signal, onBytes },
        withoutLock: true,
      });
      if (!isProven) await readBack(to, expected, { signal, onBytes: () => undefined });
      return;
    } catch (error) {
      if (whyStreamed(error) === undefined) throw error;
    }
  }
  const incoming = await streamArchive({
    ...{ source: from, target: withoutUploads(to), summary: expected, signal, onBytes },
    ...{ onAdopted: () => undefined, onLeft: () => undefined },
  });
  await incoming.publish();
}

/** The place is new, so there is no upload to continue or to remove, which not all keys may do. */
function withoutUploads({ place }: Copying['to']): Pick<BackupFiles, 'receive'> {
  return {
    receive: (name) => {
      const sink = new S3UploadSink({ ...place, appendOnly: true }, place.prefix + name);
      return Promise.resolve(Object.assign(sink, { adoptedBytes: 0 }));
    },
  };
}

async function copySmall({ source, to, signal, onBytes }: Copying, name: string): Promise<void> {
  const content = await source.readFile(name, LARGEST_SUMMARY_BYTES);
  if (!(content instanceof Buffer)) {
    throw new MangamotionError('damaged', `${name} is missing, or too large`);
  }
  const { store, bucket, prefix } = to.place;
  await store.putObject(bucket, prefix + name, contentOf(content), { signal });
  onBytes(content.length);
}
