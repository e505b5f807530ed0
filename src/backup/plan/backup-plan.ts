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
import type { BucketSelection, ChosenBuckets } from './choose-buckets.js';
import type { GuardOptions } from '../guard.js';
import type { ListingReport } from './listing.js';
import type { ListingTrust } from './listing-trust.js';
import type { OpenLeftovers } from './leftovers.js';

export interface BackupContext {
  store: ObjectStore;
  destination: Destination;
  clock: Clock;
  signal: AbortSignal;
  progress: WorkProgress;
  /** Name and version of the program, for the summary. */
  tool: string;
}

/** A backup run that holds the lock of the destination. */
export interface HeldContext extends BackupContext {
  leftovers: OpenLeftovers;
  listings: OrderedListings;
  trust: ListingTrust;
  lock: DestinationLock;
}

/** The plan of one backup: its type, its buckets, and the steps that bring objects into it. */
export interface BackupPlan {
  type: BackupType;
  buckets: readonly Bucket[];
  /** Selected buckets that cannot be backed up. */
  unusable: ChosenBuckets['unusable'];
  source: Summary['source'];
  /** The parent of an incremental. */
  parent: string | null;
  /** The backup to compare with; `undefined` for the first of its line, and for metadata. */
  baseline: Baseline | undefined;
  /** The last trusted backup of the line; it differs from the baseline where it cannot be read. */
  lastTrusted: Summary | undefined;
  guard: GuardOptions;
  acls: boolean;
  faults: RunFaults;
  /** When the backup began to read the store. */
  startedAt: Date;
  steps: AsyncIterable<readonly Step[]>;
  /** The report on the listings that the steps come from. */
  listing: ListingReport;
  /** Resolves to the totals for the progress, or to `undefined` where they are not known. */
  expected: (signal: AbortSignal) => Promise<{ objects: number; bytes: number } | undefined>;
  /** Closes what the steps are read from. */
  close: () => Promise<void>;
}

/** The retention to apply after a trusted backup. */
export interface RetentionAfterwards {
  policy: RetentionPolicy;
  onPruned: (report: PruneReport) => void;
}

export interface RunOptions {
  /** The command, for others that wait for the lock: `backup full`. */
  command: string;
  /** How long to wait for another run to end. */
  waitLockMs: number;
  /** The retention to apply after a trusted backup; none where absent. */
  retention?: RetentionAfterwards | undefined;
}

/** The options that full and incremental backups share. */
export interface BackupOptions extends Omit<RunOptions, 'command'> {
  selection: BucketSelection;
  /** Start although the disk seems too full. */
  ignoreFreeSpace: boolean;
  /** The operator's name for the store; its endpoint identifies it where absent. */
  sourceName?: string | undefined;
  /** The strict guard applies where absent. */
  guard?: GuardOptions | undefined;
  /** Read the access control list of each object. */
  acls?: boolean | undefined;
}

/** Accepts no suspicious changes. */
export const STRICT_GUARD: GuardOptions = {
  acceptDeletions: false,
  acceptChanges: false,
  expectDeletions: new Map(),
};

/** Returns the source of a backup as its summary names it. */
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
