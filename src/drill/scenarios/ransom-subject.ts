import { APPEND_ONLY_SETTING } from '../../config/hints.js';
import { countOf } from '../../count-of.js';
import { MangamotionError, isMangamotionError } from '../../errors.js';
import { formatBytes } from '../../format-bytes.js';
import type { BackupFiles, BucketPlace } from '../../repository/backup-files.js';
import type { BackupEntry } from '../../repository/destination.js';
import { readableSummary } from '../../repository/locate.js';
import type { LocatedBackup } from '../../repository/located-backup.js';
import { partRecordsOf } from '../../repository/parts.js';
import { requireSigned } from '../../repository/signed-backup.js';
import type { Summary } from '../../repository/summary.js';
import { chooseForDrill } from '../choose.js';
import type { DrillContext, DrillOptions } from '../context.js';
import { DEFAULT_MAX_BYTES, MOST_REHEARSED_FILES } from '../limits.js';
import { type FileToCopy, type StoredArchive, filesOf } from '../ransom/copy-files.js';
import { type RealLocks, hiddenOf, readRealLocks } from '../ransom/real-locks.js';
import { Untried } from './restore-choice.js';
import type { Found } from './restore-result.js';

/** What a ransom drill is about, and what must hold before it writes anything. All of it is only read. */

/** What is known of the backup before anything is written. */
export interface Subject {
  located: LocatedBackup;
  /** Those of the backups that are needed, and the parts; the backup itself comes last. */
  archives: StoredArchive[];
  files: FileToCopy[];
  bytes: number;
  real: RealLocks;
  from: BackupFiles & { place: BucketPlace };
}

/** Chooses the backup, and checks what must hold before anything is written. Only reads. */
export async function chooseSubject(
  context: DrillContext,
  options: DrillOptions,
  found: Found,
): Promise<Subject> {
  const { destination, progress } = context;
  const from = destination.files();
  const { place } = from;
  if (place === undefined) {
    throw new Untried(`${destination.location} is a folder: only backups in a bucket are attacked`);
  }
  if (destination.appendOnly === true) {
    throw new Untried(
      `this drill deletes and overwrites what it has copied: ${APPEND_ONLY_SETTING}`,
    );
  }
  progress.start('listing');
  const backups = await destination.list();
  const choice = chooseForDrill(backups, destination.location, options);
  found.choice = choice;
  const located = await requireSigned({ destination, backup: choice.used.backup });
  const summary = readableSummary(located.backup);
  await checkIdentity(context, summary);
  const ids = [...summary.references, summary.id];
  const real = await unlessUnfit(locksBefore(context, ids, found));
  const records = partRecordsOf(summary);
  const archives = ids.map((id): StoredArchive => {
    const part = records.get(id);
    if (part !== undefined) return { ...part, encryption: summary.encryption };
    return id === summary.id ? summary : summaryOf(backups, id);
  });
  const files = filesOf(archives, await from.names());
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const { maxBytes = DEFAULT_MAX_BYTES } = options;
  if (bytes > maxBytes) {
    throw new Untried(
      `${summary.id} and what it needs have ${formatBytes(bytes)}, and at most ${formatBytes(maxBytes)} are copied: raise --max-bytes`,
    );
  }
  if (files.length > MOST_REHEARSED_FILES) {
    throw new Untried(
      `${summary.id} needs ${countOf(files.length, 'file')}, and at most ${countOf(MOST_REHEARSED_FILES, 'file')} are copied`,
    );
  }
  return { located, archives, files, bytes, real, from: Object.assign(from, { place }) };
}

function summaryOf(backups: readonly BackupEntry[], wanted: string): Summary {
  const entry = backups.find(({ id }) => id === wanted);
  if (entry === undefined) throw new MangamotionError('damaged', `${wanted} is missing`);
  return readableSummary(entry);
}

async function checkIdentity({ openVault }: DrillContext, summary: Summary): Promise<void> {
  if (summary.encryption === undefined) return;
  const vault = await unlessUnfit(openVault());
  if ((await unlessUnfit(vault.identities())).length > 0) return;
  throw new Untried(`${summary.id} is encrypted, and without --identity nothing can be restored`);
}

/** Reads the locks of the real files. A bucket that locks every object would lock what the drill writes. */
async function locksBefore(
  context: DrillContext,
  ids: readonly string[],
  found: Found,
): Promise<RealLocks> {
  const { locks, location } = context.destination;
  const areEnabled = await locks?.areEnabled();
  if (locks === undefined || areEnabled === false) return new Map();
  if (areEnabled === undefined) {
    throw new Untried(
      `it is not known whether the bucket of ${location} locks what is written: the keys need s3:GetBucketObjectLockConfiguration`,
    );
  }
  await locks.check();
  const [hidden] = await hiddenOf(context.destination, ids);
  if (hidden !== undefined) {
    found.findings.doubts.push(
      `${hidden.file} of the real backup is hidden by ${hidden.by === 'deletion' ? 'a deletion' : 'an overwrite'}: run "mangamotion backup status ${location}"`,
    );
  }
  return await readRealLocks(context.destination, ids, clockOf(context));
}

/** A drill that cannot be prepared is not a failed recovery; a damaged backup is one. */
export async function unlessUnfit<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!isMangamotionError(error) || ['internal', 'damaged'].includes(error.code)) throw error;
    throw error instanceof Untried ? error : new Untried(error.message);
  }
}

/** The time by the clock of the server. */
export function clockOf({
  now,
  destination,
}: Pick<DrillContext, 'now' | 'destination'>): () => number {
  const store = destination.files().place?.store;
  return () => now().getTime() + (store?.clockAheadMs?.() ?? 0);
}
