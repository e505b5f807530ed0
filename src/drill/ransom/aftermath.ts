import { inParallel } from '../../in-parallel.js';
import type { ObjectVersion } from '../../object-store/port.js';
import type { BucketPlace } from '../../repository/backup-files.js';
import type { BackupEntry } from '../../repository/destination.js';
import { unfitPartsOf } from '../../repository/parts.js';
import { isAtLeast } from '../../repository/s3/locks/retry-lock.js';
import { ATTACKS_AT_ONCE } from '../limits.js';
import type { Attack, Target } from './attack.js';
import { versionsBelow } from '../clear-rehearsal.js';

/** What an attack has left of the copies, whatever the server answered to it. */
export interface Aftermath {
  /** Files whose version is gone, though the server says that it deleted none of them. */
  vanished: string[];
  /** Files whose version is still listed, though the server says that it deleted it. */
  remaining: string[];
  /** Files whose lock is shorter or weaker than it was. */
  weakened: string[];
  /**
   * When the last of the copies was written, by the server. It is read after the attack: some servers give a
   * version another time when they lock it, and list that a moment later.
   */
  writtenAt: Date | undefined;
  /** A version of the attack that is not dated after the copies; `undefined` if all are. */
  undated: string | undefined;
  /** Whether a lock has ended meanwhile: then its refusals prove little. */
  lockEnded: boolean;
}

/** `nowMs` returns the time by the clock of the server. */
export async function lookAtCopies(
  place: BucketPlace,
  targets: readonly Target[],
  { attack, nowMs }: { attack: Attack; nowMs: () => number },
): Promise<Aftermath> {
  const { store, bucket, signal } = place;
  const lockEnded = targets.some(({ lock }) => !(Date.parse(lock?.until ?? '9999') > nowMs()));
  const versions = await versionsBelow(place, { signal });
  const listed = new Set(versions.map(({ key, versionId }) => `${versionId} ${key}`));
  const copies = new Set(targets.map(({ key, versionId }) => `${versionId} ${key}`));
  const keys = new Set(targets.map(({ key }) => key));
  const isCopy = ({ key, versionId }: ObjectVersion) => copies.has(`${versionId} ${key}`);
  const timeOf = ({ lastModified }: ObjectVersion) => Date.parse(lastModified);
  const writtenMs = Math.max(...versions.filter(isCopy).map(timeOf));
  const undated = versions.find(
    (one) => keys.has(one.key) && !isCopy(one) && !(timeOf(one) > writtenMs),
  );
  const isListed = ({ key, versionId }: Target) => listed.has(`${versionId} ${key}`);
  const vanished = targets.filter((one) => !isListed(one) && !attack.destroyed.has(one.name));
  const remaining = targets.filter((one) => isListed(one) && attack.destroyed.has(one.name));
  const weakened = await inParallel(ATTACKS_AT_ONCE, targets.filter(isListed), async (target) => {
    const { name, key, versionId, lock } = target;
    if (lock === null) return [];
    const shown = await store.getRetention(bucket, key, { signal, versionId });
    return isAtLeast(shown, lock) ? [] : [name];
  });
  return {
    vanished: vanished.map(({ name }) => name),
    remaining: remaining.map(({ name }) => name),
    weakened: weakened.flat(),
    writtenAt: Number.isFinite(writtenMs) ? new Date(writtenMs) : undefined,
    undated: undated?.key,
    lockEnded,
  };
}

/** Whether a backup is listed as if nothing had happened to it. */
export function looksWhole(entry: BackupEntry | undefined): boolean {
  if (entry?.summary.kind !== 'valid') return false;
  const isWhole = entry.archiveBytes === entry.summary.summary.archive_bytes;
  return isWhole && unfitPartsOf(entry).length === 0;
}
