import type { OrderedListings } from '../../object-store/order/ordered-listings.js';
import type { Bucket, ObjectStore } from '../../object-store/port.js';
import type { RunFaults } from '../../object-store/run-faults.js';
import type { WorkProgress } from '../../progress.js';
import type { Clock, Destination } from '../../repository/destination.js';
import type { DestinationLock } from '../../lock/held-lock.js';
import type { BackupType } from '../../repository/names.js';
import type { RetentionPolicy } from '../../repository/retention/policy.js';
import type { PruneReport } from '../../repository/retention/prune.js';
import type { Summary } from '../../repository/summary.js';
import type { Baseline } from './baseline.js';
import type { Step } from './changes.js';
import type { ChosenBuckets } from './choose-buckets.js';
import type { GuardOptions } from '../guard.js';
import type { ListingReport } from './listing.js';
import type { ListingTrust } from './listing-trust.js';
import type { OpenLeftovers } from './leftovers.js';
import type { BucketSelection } from '../selection.js';

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
  trust: ListingTrust;
  lock: DestinationLock;
}

/** What kind of backup is made, out of what. */
export interface BackupPlan {
  type: BackupType;
  buckets: readonly Bucket[];
  /** Buckets that are part of the selection and cannot be backed up. */
  unusable: ChosenBuckets['unusable'];
  source: Summary['source'];
  /** The parent of an incremental. */
  parent: string | null;
  /** What it is compared with; `undefined` for the first of its line, and for metadata. */
  baseline: Baseline | undefined;
  /** The newest trusted backup of the line; another one than the baseline where it cannot be read. */
  newest: Summary | undefined;
  guard: GuardOptions;
  acls: boolean;
  faults: RunFaults;
  /** When the run began to look at the store. */
  startedAt: Date;
  steps: AsyncIterable<readonly Step[]>;
  /** Of the listings that the steps are made from. */
  listing: ListingReport;
  /** What is to be expected, for the progress; resolves to `undefined` where nobody knows. */
  expected: (signal: AbortSignal) => Promise<{ objects: number; bytes: number } | undefined>;
  /** Closes what the steps are read from. */
  close: () => Promise<void>;
}

/** What is removed when a trusted backup was made. */
export interface RetentionAfterwards {
  policy: RetentionPolicy;
  onPruned: (report: PruneReport) => void;
}

export interface RunOptions {
  /** For those who find the destination taken: `backup full`. */
  command: string;
  /** How long to wait for another run to end. */
  waitLockMs: number;
  /** What to remove when a trusted backup was made; nothing where absent. */
  retention?: RetentionAfterwards | undefined;
}

/** What the commands that copy objects have in common. */
export interface BackupOptions extends Omit<RunOptions, 'command'> {
  selection: BucketSelection;
  /** Begin although the disk looks too full for it. */
  ignoreFreeSpace: boolean;
  /** What the operator calls the store; its endpoint tells where absent. */
  sourceName?: string | undefined;
  /** Nothing is accepted where absent. */
  guard?: GuardOptions | undefined;
  /** Read the access control list of each object. */
  acls?: boolean | undefined;
}

export const STRICT_GUARD: GuardOptions = {
  acceptDeletions: false,
  acceptChanges: false,
  expectDeletions: new Map(),
};

export function sourceOf(
  store: ObjectStore,
  { selection, sourceName }: { selection: BucketSelection; sourceName?: string | undefined },
): Summary['source'] {
  return {
    endpoint: store.endpoint,
    buckets: selection.only.length === 0 ? null : [...selection.only],
    excluded_buckets: [...selection.excluded],
    ...(sourceName === undefined ? {} : { name: sourceName }),
  };
}
