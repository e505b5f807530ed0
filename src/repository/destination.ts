import type { Archive } from '../archive/archive.js';
import type { ArchiveWriter } from '../archive/archive-writer.js';
import type { LegacyBackup } from './legacy/legacy-backup.js';
import type { Leftover } from './leftover.js';
import type { ClaimStore } from '../lock/claim.js';
import type { BackupType, Mark } from './names.js';
import type { DecodedSummary, Summary } from './summary.js';

/**
 * A place that holds backups. Readers see a backup whole or not at all: it exists from the moment
 * its summary is there.
 */
export interface Destination {
  /** The destination as the user named it, for messages. */
  readonly location: string;

  /** The bucket, if it is one: it is left out of its own backup. */
  readonly excludesBucket?: { endpoint: string; bucket: string };

  /**
   * Every backup that has a summary, oldest first by sequence; those whose summary cannot be read
   * come last. Rejects with `not_found` where the destination does not exist.
   */
  list(): Promise<BackupEntry[]>;

  /** Lists the backups that backup-minio.sh made, by name. Only folders hold such backups. */
  listLegacy?(): Promise<LegacyBackup[]>;

  /**
   * Rejects with `not_found` where there is no such backup, or only an uncommitted one. Where each
   * look costs a request, the archive's length is what the summary says, and marks are not looked at.
   */
  read(id: string): Promise<BackupEntry>;

  /**
   * Resolves to the size of a backup's archive, for destinations whose `read` does not check it; `null`
   * if it is missing.
   */
  archiveBytesOf?(id: string): Promise<number | null>;

  /**
   * Opens a backup's archive. Rejects with `not_found` where it is missing, if that shows without
   * asking for it. `sizeBytes` is what the summary says, where asking the destination would cost.
   */
  openArchive(id: string, sizeBytes?: number): Promise<Archive>;

  /**
   * Resolves to whether removed objects stay as older versions, or to `undefined` if that is unknown.
   * Absent: nothing stays. Rejects only if it is aborted.
   */
  keepsVersions?(): Promise<boolean | undefined>;

  /** Resolves to the free bytes; `null` if the destination has no such limit, or does not report it. */
  freeBytes(): Promise<number | null>;

  /** Returns the claims by which a run locks the destination. */
  claims(): ClaimStore;

  /**
   * Resolves to the leftovers of runs that ended before their commit. Call it only while holding the
   * lock: otherwise a leftover may belong to a run at work.
   */
  leftovers(): Promise<Leftover[]>;

  /**
   * Reserves an id and begins a backup. Waits for the next second while one is taken. Rejects with
   * `usage` where the destination cannot be written to.
   */
  begin(type: BackupType, clock: Clock): Promise<PendingBackup>;

  /**
   * Removes a backup for good. The summary goes first, and is gone for certain before the archive
   * is touched: whatever happens in between leaves an uncommitted archive, never a summary without
   * one. Its marks go last. Parts that are gone already are no error. Rejects with
   * `usage` where the destination cannot be written to.
   */
  remove(id: string): Promise<void>;

  /**
   * Puts a mark beside a backup, or takes it away; the backup itself stays as it is. Does nothing
   * where the mark is as it should be. Rejects with `usage` where the destination cannot be written
   * to.
   */
  mark(id: string, mark: Mark, isSet: boolean): Promise<void>;
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
   * Bytes of the archive as it lies there; `null` where it is missing. Of a plain folder: what its
   * summary says, unless a look at its directory tells that this cannot be.
   */
  archiveBytes: number | null;
  /** The archive lies in a storage class that is not read before it is restored (S3 Glacier). */
  cold?: boolean;
  /** Marked: it is kept only because others refer to it. */
  expired: boolean;
  /** Marked by `backup accept`: what makes it suspect is meant. */
  accepted?: boolean;
  /** Marked by `backup retire-line`: as long as it is the newest of its line, that has ended. */
  retired?: boolean;
}

/** A backup that does not exist yet. */
export interface PendingBackup {
  readonly id: string;
  readonly createdAt: Date;
  readonly writer: ArchiveWriter;

  /** Ends the archive and makes it durable. No more writes after it. */
  seal(): Promise<SealedArchive>;

  /** Writes the summary: the backup exists when this resolves. */
  commit(summary: Summary): Promise<void>;

  /** Removes what was written. Does nothing after `commit`. */
  discard(): Promise<void>;

  /**
   * Ends before the end, and leaves what the next run can use of it, under a name that nobody takes
   * for a backup. Resolves to what that is; `undefined` where nothing was left. No `discard` after it.
   */
  endEarly(): Promise<{ path: string; objects: number } | undefined>;
}

export interface SealedArchive {
  /** The name of the archive at its destination. */
  file: string;
  bytes: number;
  sha256: string;
}
