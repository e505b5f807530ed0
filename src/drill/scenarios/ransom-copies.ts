import { setTimeout as delay } from 'node:timers/promises';
import type { ObjectVersion } from '../../object-store/port.js';
import type { BucketPlace } from '../../repository/backup-files.js';
import { Locker } from '../../repository/s3/locks/retry-lock.js';
import { PlaceRequests } from '../../repository/s3/place-requests.js';
import type { S3Destination } from '../../repository/s3/s3-destination.js';
import type { DrillContext, DrillOptions } from '../context.js';
import { REHEARSAL_LOCK_MS, REHEARSAL_LOCK_MS_PER_FILE } from '../limits.js';
import type { Target } from '../ransom/attack.js';
import { versionsBelow } from '../clear-rehearsal.js';
import { type FileToCopy, copyFile } from '../ransom/copy-files.js';
import type { Rehearsal } from '../ransom/rehearsal.js';
import { type Subject, clockOf } from './ransom-subject.js';
import { Untried } from './restore-choice.js';

/** The clock of the server may differ by this much from the time of what was just written. */
const CLOCK_TOLERANCE_MS = 10 * 60_000;

interface CopiedParts {
  subject: Subject;
  rehearsal: Rehearsal;
  copy: S3Destination;
}

/** Copies all files, and locks each copy as the real file is locked. */
export async function copyAndLock(
  context: DrillContext,
  { lockMs }: DrillOptions,
  { subject, rehearsal, copy }: CopiedParts,
): Promise<Target[]> {
  const { progress, destination } = context;
  const { place } = rehearsal;
  const { signal } = place;
  const { files, real, from, bytes: bytesTotal } = subject;
  progress.start('copying the backup');
  progress.update({ bytes: 0, bytesTotal });
  let bytes = 0;
  const onBytes = (count: number) => progress.update({ bytes: (bytes += count) });
  const to = Object.assign(copy.files(), { place });
  for (const file of files) {
    await copyFile({ source: destination, from, to, signal, onBytes }, file);
  }
  const copies = await copiesIn(place, files);
  const nowMs = clockOf(context)();
  const writtenMs = timeOf(copies);
  if (!(Math.abs(nowMs - writtenMs) < CLOCK_TOLERANCE_MS)) {
    throw new Untried(
      `the clock of the server contradicts the times of what it stores: nothing is locked until ${new Date(nowMs).toISOString()}`,
    );
  }
  const leastMs = Math.max(REHEARSAL_LOCK_MS, files.length * REHEARSAL_LOCK_MS_PER_FILE);
  const until = new Date(Math.ceil((nowMs + (lockMs ?? leastMs)) / 1000) * 1000);
  const targets = copies.map(({ key, versionId, name, sizeBytes }): Target => {
    const mode = real.get(name)?.mode;
    const lock = mode === undefined ? null : { mode, until: until.toISOString() };
    return { name, key, versionId, sizeBytes, lock };
  });
  await lockTargets(rehearsal, targets, until);
  return targets;
}

async function lockTargets(
  { place, willLock }: Rehearsal,
  targets: readonly Target[],
  until: Date,
): Promise<void> {
  if (targets.every(({ lock }) => lock === null)) return;
  await willLock(until);
  const { signal, store, bucket } = place;
  const locker = new Locker(new PlaceRequests(place), (ms) => delay(ms, undefined, { signal }));
  for (const { name, key, versionId, lock } of targets) {
    if (lock === null) continue;
    const before = await store.getRetention(bucket, key, { signal, versionId });
    if (before !== null && Date.parse(before.until) > until.getTime()) {
      await willLock(new Date(before.until));
      throw new Untried(
        `the server has locked the copy of ${name} until ${before.until}, as the real one is: it cannot be attacked for minutes`,
      );
    }
    const reason = await locker.lock({ key, versionId }, lock);
    if (reason === undefined) continue;
    throw new Untried(`the copy of ${name} could not be locked as the real one is: ${reason}`);
  }
}

type Copy = ObjectVersion & { name: string };

/** Resolves to the current versions of the copies. Rejects if one is missing. */
async function copiesIn(place: BucketPlace, files: readonly FileToCopy[]): Promise<Copy[]> {
  const versions = await versionsBelow(place, { signal: place.signal });
  return files.map(({ name, sizeBytes }) => {
    const version = versions.find(({ key }) => key === place.prefix + name);
    if (version === undefined || version.isDeleteMarker || version.sizeBytes !== sizeBytes) {
      throw new Untried(`the server does not list the copy of ${name}`);
    }
    return { ...version, name };
  });
}

function timeOf(copies: readonly Copy[]): number {
  return Math.max(...copies.map(({ lastModified }) => Date.parse(lastModified)));
}
