import { appendFile, open, unlink } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMangamotionError } from '../../src/errors.js';
import { withRetries } from '../../src/object-store/retry/retry.js';
import { acquireLock } from '../../src/lock/acquire.js';
import type { ClaimStore } from '../../src/lock/claim.js';
import { FolderClaims } from '../../src/lock/folder-claims.js';
import { LockClaims } from '../../src/lock/lock-claims.js';
import { ObjectClaims } from '../../src/lock/object-claims.js';
import { describeOwner } from '../../src/lock/owner.js';
import type { LockTiming } from '../../src/lock/timing.js';
import { testStore } from './test-store.js';

/**
 * A run that wants the lock of a destination, as a process of its own: `node lock-racer.mjs TASK`,
 * with the task as JSON. Each line of stdout is one event.
 */
export interface RacerTask {
  /** One of both: a folder, or a bucket on the server of this run. */
  destination: { folder: string } | { bucket: string };
  /** How many times it wants the lock; with 0 it takes it once and waits for lines on stdin. */
  rounds: number;
  /** A file that begins and ends are appended to; `FILE.inside` is there while somebody has the lock. */
  journal: string;
  timing?: Partial<LockTiming>;
  /** Its claims in a bucket are never rewritten or deleted. */
  appendOnly?: boolean;
}

const WAIT_MS = 120_000;

export function claimsOf(
  destination: RacerTask['destination'],
  appendOnly = false,
): {
  claims: ClaimStore;
  close: () => void;
} {
  if ('folder' in destination) {
    return { claims: new FolderClaims(destination.folder), close: () => undefined };
  }
  const store = withRetries(testStore());
  const place = { bucket: destination.bucket, prefix: 'backups/' };
  const claims = new LockClaims(new ObjectClaims(store, place), { appendOnly });
  return { claims, close: () => store.close() };
}

function tell(event: string): void {
  process.stdout.write(`${event}\n`);
}

async function acquire(task: RacerTask, claims: ClaimStore) {
  const owner = await describeOwner(`race of ${process.pid}`);
  const { signal } = new AbortController();
  return await acquireLock(claims, { owner, waitMs: WAIT_MS, signal, timing: task.timing });
}

/** What only one may do at a time; the file system tells where two do. */
async function write(task: RacerTask, check: () => Promise<void>): Promise<void> {
  const inside = await open(`${task.journal}.inside`, 'wx');
  await appendFile(task.journal, `begin ${process.pid}\n`);
  await sleep(Math.random() * 15);
  await check();
  await appendFile(task.journal, `end ${process.pid}\n`);
  await inside.close();
  await unlink(`${task.journal}.inside`);
}

async function race(task: RacerTask, claims: ClaimStore): Promise<void> {
  for (let round = 0; round < task.rounds; round++) {
    const lock = await acquire(task, claims);
    await write(task, () => lock.check());
    await lock.release();
    await sleep(Math.random() * 10);
  }
}

/** `commit` writes where the check passes; the end of stdin ends it. */
async function hold(task: RacerTask, claims: ClaimStore): Promise<void> {
  const lock = await acquire(task, claims);
  tell('locked');
  for await (const line of createInterface(process.stdin)) {
    if (line !== 'commit') continue;
    try {
      await lock.check();
      await appendFile(task.journal, `commit ${process.pid}\n`);
      tell('committed');
    } catch (error) {
      tell(
        isMangamotionError(error, 'locked') ? `lost ${String(lock.signal.aborted)}` : String(error),
      );
    }
  }
  await lock.release();
}

const argument = process.argv[2];
if (argument?.startsWith('{') === true) {
  const task = JSON.parse(argument) as RacerTask;
  const { claims, close } = claimsOf(task.destination, task.appendOnly);
  await (task.rounds > 0 ? race(task, claims) : hold(task, claims));
  close();
}
