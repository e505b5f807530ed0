import type { Archive } from '../archive/archive.js';
import type { ArchiveWriter } from '../archive/archive-writer.js';
import type { IndexArchive } from '../archive/index-archive.js';
import type { ClosableSource } from '../archive/sink.js';
import type { BackupFiles } from './backup-files.js';
import type { LegacyBackup } from './legacy/legacy-backup.js';
import type { Leftover } from './leftover.js';
import type { ClaimStore } from '../lock/claim.js';
import type { BackupType, Mark } from './names.js';
import type { Encrypted } from './encryption/open-encrypted.js';
import type { Vault } from './encryption/vault.js';
import type { Retention } from '../object-store/objects.js';
import type { DestinationLocks } from './locks.js';
import type { DecodedSummary, Summary } from './summary.js';

/** The port to a place that holds backups. A backup exists as soon as its summary does. */
export interface Destination {
  readonly location: string;

  /** The keys by which backups are encrypted, opened, signed and checked here. */
  readonly vault: Vault;

  /** The bucket that is the destination: a backup of the store leaves it out. */
  readonly excludesBucket?: { endpoint: string; bucket: string };

  /**
   * Lists every backup that has a summary, oldest first by sequence; those with unreadable
   * summaries come last. Rejects with `not_found` if the destination does not exist. With `proven` it
   * rejects with `refused` where a server does not show that its listing is complete.
   */
  list(options?: { proven?: boolean }): Promise<BackupEntry[]>;

  /**
   * Resolves to a text that is another one when something else is found here: an unmounted disk leaves an empty
   * folder. Costs one request at most. Rejects as `list`.
   */
  placeNow?(): Promise<string>;

  /** Lists the backups that backup-minio.sh made, sorted by id. Only folders hold such backups. */
  listLegacy?(): Promise<LegacyBackup[]>;

  /**
   * Reads one entry. Rejects with `not_found` if there is no committed backup. If each check would
   * cost a request, the archive's length is that of the summary, and marks are not read.
   */
  read(id: string): Promise<BackupEntry>;

  /**
   * Resolves to the archive's size; `null` if it is missing. Present if `read` does not check it.
   */
  archiveBytesOf?(backup: Pick<BackupEntry, 'id' | 'summary'>): Promise<number | null>;

  /**
   * Opens a backup's archive. Rejects with `not_found` if it is missing, unless finding out costs a
   * request, and with `access_denied` if it is encrypted and no key fits. With the key of this host
   * alone the archive has its index, and no contents.
   */
  openArchive(id: string, known?: KnownArchive): Promise<Archive>;

  /**
   * Opens the stored bytes of a file of a backup, such as `ID.tar.gz.age`. Rejects with `not_found` if
   * it is missing, unless finding out costs a request.
   */
  openFile(name: string, sizeBytes?: number): Promise<ClosableSource>;

  /**
   * Reads a small file of a backup, such as `ID.json`. Resolves to `undefined` if it is missing, and
   * to `unfit` if it is larger than `mostBytes` or is no file.
   */
  readFile(name: string, mostBytes: number): Promise<Buffer | 'unfit' | undefined>;

  /** Opens the sidecar of an encrypted archive. Rejects as `openArchive`. */
  openIndex(id: string, encrypted: Encrypted): Promise<IndexArchive>;

  /**
   * Resolves to whether removed objects are kept as older versions; `undefined` if that is unknown.
   * Absent: nothing is kept. Rejects only if it is aborted.
   */
  keepsVersions?(): Promise<boolean | undefined>;

  /**
   * Resolves to whether an object that is overwritten stays as an older version; `undefined` if that is
   * unknown. Rejects only if it is aborted.
   */
  keepsOverwritten?(): Promise<boolean | undefined>;

  /**
   * Finds the versions of these backups, and of all that are known to have been removed before, in no
   * order. Absent: there are no versions.
   */
  removedVersions?(removed: ReadonlySet<string>): Promise<BackupVersions[]>;

  /** The files of the backups as they are stored, for copies. */
  files(): BackupFiles;
  /** The object locks of the bucket. Absent where there cannot be any. */
  readonly locks?: DestinationLocks;

  /** Resolves to the free bytes; `null` if the destination has no limit or does not report it. */
  freeBytes(): Promise<number | null>;

  /** The claims to this destination; with a folder, small texts of another kind, beside them. */
  claims(folder?: string): ClaimStore;

  /**
   * Reads a small file that is no part of a backup; `undefined` if it does not exist or is larger
   * than `mostBytes`.
   */
  readNote(name: string, mostBytes: number): Promise<Buffer | undefined>;

  /** Creates or replaces such a file in one step. Rejects with `usage` if it is not writable. */
  writeNote(name: string, content: string): Promise<void>;

  /** Whether nothing may be deleted or overwritten here; absent: it may. */
  readonly appendOnly?: boolean;

  /**
   * Finds what append-only runs left that no run needs any more: claims that were ended, and leftovers.
   * Call it only while holding the lock. Absent: there is nothing that other runs do not remove.
   */
  remains?(): Promise<Remains>;

  /**
   * Resolves to the leftovers of interrupted runs. Call it only while holding the lock: otherwise a
   * leftover may belong to an active run. `givenUp`: the runs that have a plan and do not go on, so that
   * what they left of parts is among it.
   */
  leftovers(givenUp?: ReadonlySet<string>): Promise<Leftover[]>;

  /**
   * Reserves an id and begins a backup. Waits for the next second while the id is taken. Rejects
   * with `usage` if the destination is not writable. The files of the backup are locked as `retentionOf`
   * says for the time of the backup, where the destination has locks.
   */
  begin(
    type: BackupType,
    clock: Clock,
    retentionOf?: (createdAt: Date) => Retention,
  ): Promise<PendingBackup>;

  /**
   * Begins a part of a backup, or a backup whose id was chosen before, under the given id. Rejects with
   * `refused` if the id is taken.
   */
  beginAs(reserved: ReservedBackup, clock: Clock, retention?: Retention): Promise<PendingBackup>;

  /** Removes a small file that is no part of a backup. A missing file is not an error. */
  removeNote(name: string): Promise<void>;

  /**
   * Removes a backup. The summary is gone for certain before the archive is touched, and marks go
   * last: an interruption leaves an uncommitted archive, never a summary without one. Missing parts
   * are not an error. Rejects with `usage` if the destination is not writable.
   */
  remove(id: string): Promise<void>;

  /**
   * Sets or removes a mark beside a backup. Does nothing if the mark is as requested. Rejects with
   * `usage` if the destination is not writable.
   */
  mark(id: string, mark: Mark, isSet: boolean): Promise<void>;
}

export interface ReservedBackup {
  id: string;
  createdAt: Date;
}

/** What a summary says about an archive. */
export interface KnownArchive {
  sizeBytes?: number;
  /** Present if the archive is encrypted. */
  encrypted?: Encrypted | undefined;
}

export interface Remains {
  /** The number of objects of claims. */
  claims: number;
  /** The number of temporary summaries beside backups that are whole. */
  temporarySummaries: number;
  /** The paths of the leftovers of dead runs. */
  leftovers: string[];
  /** What looks like that, but backups refer to it: it stays. */
  needed: Pick<Leftover, 'id' | 'path'>[];
  /** With `purge`, also removes all versions of claims that are gone. */
  remove(options: { purge: boolean }): Promise<void>;
}

export interface BackupVersions {
  id: string;
  /** The number of versions and delete markers of its files. */
  versions: number;
  bytes: number;
  /** Resolves to the end of the lock that ends last; `undefined` if none of them is locked. */
  lockedUntil(now: Date): Promise<string | undefined>;
  /**
   * Removes them for good. An interruption leaves what `removedVersions` finds again. Rejects with
   * `refused` if a version is locked.
   */
  purge(): Promise<void>;
}

export interface Clock {
  now(): Date;
  /** Rejects with the signal's reason when it is aborted. */
  sleep(ms: number): Promise<void>;
}

export interface BackupEntry {
  id: string;
  summary: DecodedSummary;
  /**
   * The size of the archive; `null` if it is missing. For a plain folder this is the size in the
   * summary, corrected by the actual length of its directory.
   */
  archiveBytes: number | null;
  /**
   * The size of the sidecar of an encrypted backup; `null` if it is missing. Absent if the backup is not
   * encrypted, or if the sidecar was not looked for.
   */
  sidecarBytes?: number | null;
  /** A file with a signature lies beside the summary. It was not checked. Absent if it was not looked for. */
  hasSignature?: boolean;
  /**
   * The sizes of the parts that its summary names, as `archiveBytes`. Absent if it has none, or if they
   * were not looked for.
   */
  partBytes?: ReadonlyMap<string, number | null>;
  /** Those of these parts that are in such a storage class as `cold`. Absent if none is known to be. */
  coldParts?: ReadonlySet<string>;
  /** The archive is in a storage class that must be restored before it can be read (S3 Glacier). */
  cold?: boolean;
  /** Marked as expired: it is kept only because others refer to it. */
  expired: boolean;
  /** Marked by `backup accept`: what made it suspect was intended. */
  accepted?: boolean;
  /** Marked by `backup retire-line`: its line has ended, as long as this is its newest backup. */
  retired?: boolean;
}

/** A backup that is being written and does not exist yet. */
export interface PendingBackup {
  readonly id: string;
  readonly createdAt: Date;
  readonly writer: ArchiveWriter;

  /** Ends the archive and makes it durable. Nothing may be written after it. */
  seal(): Promise<SealedArchive>;

  /** The recipients to whom it is encrypted; absent if it is not. */
  readonly recipients?: readonly string[] | undefined;

  /**
   * Writes the summary: the backup exists when this resolves. Resolves to the summary as it was
   * written: that of an encrypted backup names no object, and what of the backup itself could not be
   * locked is added. `check` rejects if another run may be writing the same backup; it is called before what
   * such a run could have replaced.
   */
  commit(summary: Summary, check?: () => Promise<void>): Promise<Summary>;

  /** Removes what was written. Does nothing after `commit`. */
  discard(): Promise<void>;

  /**
   * Ends a backup that another run may be writing under the same id: nothing is removed. That run has
   * removed what this one left, or the next one does, for which its mark is left.
   */
  abandon(): Promise<void>;

  /** Sentences about what `discard` and `endEarly` did not remove; absent: they remove everything. */
  readonly left?: readonly string[];

  /**
   * Ends an incomplete backup, and leaves what the next run can reuse under a temporary name.
   * Resolves to that, or to `undefined` if nothing was left. `discard` must not follow.
   */
  endEarly(): Promise<{ path: string; objects: number } | undefined>;
}

export interface SealedArchive {
  file: string;
  bytes: number;
  sha256: string;
}
