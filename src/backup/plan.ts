import type { OrderedListings } from '../object-store/ordered-listings.js';
import type { Bucket, ObjectStore } from '../object-store/port.js';
import type { WorkProgress } from '../progress.js';
import type { Clock, Destination } from '../repository/destination.js';
import type { DestinationLock } from '../repository/lock/held-lock.js';
import type { BackupType } from '../repository/names.js';
import type { Summary, Suspicion } from '../repository/summary.js';
import type { Step } from './changes.js';
import type { RetentionAfterwards } from './prune-after.js';
import type { OpenLeftovers } from './salvage.js';
import type { BucketSelection } from './selection.js';

export interface BackupContext {
  store: ObjectStore;
  destination: Destination;
  clock: Clock;
  signal: AbortSignal;
  progress: WorkProgress;
  /** Name and version of the program, for the summary. */
  tool: string;
}

/** A run that has the destination for itself. */
export interface HeldContext extends BackupContext {
  leftovers: OpenLeftovers;
  listings: OrderedListings;
  lock: DestinationLock;
}

/** What kind of backup is made, out of what. */
export interface BackupPlan {
  type: BackupType;
  buckets: readonly Bucket[];
  source: Summary['source'];
  parent: string | null;
  steps: AsyncIterable<readonly Step[]>;
  /** What is to be expected, for the progress; resolves to `undefined` where nobody knows. */
  expected: (signal: AbortSignal) => Promise<{ objects: number; bytes: number } | undefined>;
  /** Asked when all steps are taken. */
  findings: () => { deleted: number; suspicious: Suspicion[] };
  /** Lets go of what the steps are read from. */
  close: () => Promise<void>;
}

/** What the deletion guard is told on the command line, and by the settings. */
export interface GuardOptions {
  /** Deletions are meant, however many they are. */
  acceptDeletions: boolean;
  /** Objects that became empty, or all alike, are meant. */
  acceptChanges: boolean;
  /** By bucket, the percentage (1 to 100) of its objects that may be deleted. */
  expectDeletions: ReadonlyMap<string, number>;
}

export interface RunOptions {
  /** For those who find the destination taken: `backup full`. */
  command: string;
  /** How long to wait for another run to end. */
  waitLockMs: number;
  /** What to remove when a complete backup was made; nothing where absent. */
  retention?: RetentionAfterwards | undefined;
  /** What the operator calls the store. */
  sourceName?: string | undefined;
  guard?: GuardOptions | undefined;
  /** Read the ACL of each object, with a request for each. */
  acls?: boolean | undefined;
}

export function sourceOf(
  store: ObjectStore,
  selection: BucketSelection,
  name?: string,
): Summary['source'] {
  return {
    endpoint: store.endpoint,
    buckets: selection.only.length === 0 ? null : [...selection.only],
    excluded_buckets: [...selection.excluded],
    ...(name === undefined ? {} : { name }),
  };
}
