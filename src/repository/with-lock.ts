import type { Destination } from './destination.js';
import { acquireLock } from '../lock/acquire.js';
import type { Claim } from '../lock/claim.js';
import type { DestinationLock } from '../lock/held-lock.js';
import { describeOwner } from '../lock/owner.js';

export interface WithLockOptions {
  destination: Destination;
  /** The command, for other runs that find the destination locked: `backup full`. */
  command: string;
  waitMs: number;
  signal: AbortSignal;
  /** Reports the run that is waited for. */
  warn: (line: string) => void;
}

/** Runs `work` under the lock of a destination. Losing the lock aborts the signal. */
export async function withLock<T>(
  { destination, command, waitMs, signal, warn }: WithLockOptions,
  work: (lock: DestinationLock, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const lock = await acquireLock(destination.claims(), {
    owner: await describeOwner(command),
    waitMs,
    signal,
    onWait: (holder) => warn(`waiting for ${describe(holder)} to end`),
  });
  try {
    return await work(lock, AbortSignal.any([signal, lock.signal]));
  } finally {
    await lock.release();
  }
}

function describe(holder: Claim | undefined): string {
  if (holder === undefined) return 'another run';
  const { host, pid, command } = holder.owner;
  return `"${command}" on ${host} (process ${pid}, since ${holder.since})`;
}
