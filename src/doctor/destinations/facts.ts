import { constants, type StatsFs } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../../config/config.js';
import { type MangamotionError, isMangamotionError } from '../../errors.js';
import type { Claim } from '../../lock/claim.js';
import { isHeld } from '../../lock/claim-rules.js';
import { describeOwner } from '../../lock/owner.js';
import { readClaims } from '../../lock/read-claims.js';
import { LOCK_TIMING } from '../../lock/timing.js';
import type { ObjectStore } from '../../object-store/port.js';
import type { Destination } from '../../repository/destination.js';
import type { Leftover } from '../../repository/leftover.js';
import { type Line, linesOf } from '../../repository/lines/lines.js';
import { openDestination } from '../../repository/locate.js';
import { type LockState, readLockState } from '../../repository/lock-state.js';
import { isS3Url } from '../../repository/s3/s3-location.js';
import { type DestinationStatus, destinationStatus } from '../../repository/status.js';
import { type DestinationContent, readContent } from '../../reports/backups/list.js';
import type { Gatherers } from '../facts.js';
import { NotLooked } from '../finding.js';

export interface DestinationFacts {
  place: Place;
  opened: Opened;
  content: DestinationContent;
  status: DestinationStatus;
  lines: readonly Line[];
  /** Why nothing can be written there; `undefined` where something can, and where only trying would tell. */
  notWritable: string | undefined;
  freeBytes: number | null;
  /** `undefined` where the file system does not count them. */
  inodes: { free: number; total: number } | undefined;
  lock: { holder: Claim | undefined; dead: number };
  /**
   * Whether what is overwritten stays as an older version: `unknown` if that may not be read, and
   * `undefined` if runs may delete here anyway.
   */
  keepsOverwritten: boolean | 'unknown' | undefined;
  /** `null` where there are no object locks, or they may not be asked for. */
  objectLocks: LockState | null;
  /** Paths of what dead runs left; `undefined` while a run is under way. */
  leftovers: readonly string[] | undefined;
}

export interface Place {
  /** The folder or `s3://` address, as the user wrote it. */
  text: string;
  isRemote: boolean;
  now: Date;
  retentionDays: number;
}

type Opened =
  | { kind: 'open'; destination: Destination; content: DestinationContent }
  | { kind: 'failed'; error: MangamotionError };

export interface DestinationParts {
  cwd: string;
  now: () => Date;
  /** The maximum age of the newest trusted backup. */
  maxAgeMs: number | undefined;
  config: () => Promise<Config>;
  openBackupStore: (config: Config) => Promise<ObjectStore>;
  /** For tests: a disk that is full, a folder that may not be written. */
  disk?: Disk;
}

/** What is asked of the disk. */
interface Disk {
  statfs: (folder: string) => Promise<Pick<StatsFs, 'files' | 'ffree' | 'bavail' | 'bsize'>>;
  access: (folder: string, mode: number) => Promise<void>;
}

const DISK: Disk = {
  statfs: (folder) => statfs(folder),
  access: (folder, mode) => access(folder, mode),
};

export function destinationGatherers(
  text: string,
  { cwd, now, maxAgeMs, config, openBackupStore, disk = DISK }: DestinationParts,
): Gatherers<DestinationFacts> {
  const isRemote = isS3Url(text);
  const folder = path.resolve(cwd, text);
  return {
    place: async () => {
      const { retentionDays } = (await config()).backup;
      return { text, isRemote, now: now(), retentionDays };
    },
    opened: async (_read, signal) => {
      try {
        const open = async () => await openBackupStore(await config());
        const access = { openBackupStore: open, signal, config };
        const destination = await openDestination(text, cwd, access);
        return { kind: 'open', destination, content: await readContent(destination) };
      } catch (error) {
        if (!isMangamotionError(error)) throw error;
        return { kind: 'failed', error };
      }
    },
    content: async (read) => openOf(await read('opened')).content,
    status: async (read) => {
      const [{ backups, readings }, place] = await Promise.all([read('content'), read('place')]);
      const { now: at, retentionDays } = place;
      return destinationStatus(backups, { now: at, retentionDays, maxAgeMs, readings });
    },
    lines: async (read) => linesOf((await read('content')).backups),
    notWritable: async (read) => {
      openOf(await read('opened'));
      if (isRemote) throw new NotLooked('only writing would tell: --probe tries it');
      try {
        await disk.access(folder, constants.W_OK | constants.X_OK);
        return undefined;
      } catch {
        return `this user may not write into ${text}`;
      }
    },
    freeBytes: async (read) => {
      openOf(await read('opened'));
      if (isRemote) throw new NotLooked('a bucket does not tell how much room it has');
      const { bavail, bsize } = await disk.statfs(folder);
      return bavail * bsize;
    },
    inodes: async (read) => {
      openOf(await read('opened'));
      if (isRemote) throw new NotLooked('a bucket has no inodes');
      const { files, ffree } = await disk.statfs(folder);
      return files === 0 ? undefined : { free: ffree, total: files };
    },
    lock: async (read, signal) => {
      const { destination } = openOf(await read('opened'));
      return await readLock(destination, now(), signal);
    },
    keepsOverwritten: async (read) => {
      const { destination } = openOf(await read('opened'));
      if (destination.appendOnly !== true) return undefined;
      return (await destination.keepsOverwritten?.()) ?? 'unknown';
    },
    objectLocks: async (read) => {
      const { destination, content } = openOf(await read('opened'));
      const { retentionDays } = await read('place');
      return await readLockState(destination, content.backups, { retentionDays });
    },
    leftovers: async (read, signal) => {
      const { destination } = openOf(await read('opened'));
      if ((await read('lock')).holder !== undefined) return undefined;
      const found = await destination.leftovers();
      // A run that has begun meanwhile has files that look like what is left of one.
      const { holder } = await readLock(destination, now(), signal);
      return holder === undefined ? pathsOf(found) : undefined;
    },
  };
}

function pathsOf(leftovers: readonly Leftover[]): string[] {
  return leftovers.filter(({ isOfBackup }) => isOfBackup !== true).map(({ path: its }) => its);
}

function openOf(opened: Opened) {
  if (opened.kind === 'open') return opened;
  throw new NotLooked('the destination cannot be read');
}

/** Nothing is written, as `lockHolder` does it. */
async function readLock(
  destination: Destination,
  now: Date,
  signal: AbortSignal,
): Promise<DestinationFacts['lock']> {
  const owner = await describeOwner('doctor');
  const observer = { claims: destination.claims(), name: '', owner, leaseMs: LOCK_TIMING.leaseMs };
  const { live, stale } = await readClaims(observer, signal, now.getTime());
  return { holder: live.find(isHeld)?.claim, dead: stale.length };
}
