import type { OrderedListings } from '../../object-store/order/ordered-listings.js';
import type { Bucket, ObjectStore } from '../../object-store/port.js';
import type { ServerFindings } from '../../object-store/server-findings.js';
import type { RunFaults } from '../../object-store/run-faults.js';
import type { WorkProgress } from '../../progress.js';
import type {
  Clock,
  Destination,
  PendingBackup,
  ReservedBackup,
} from '../../repository/destination.js';
import type { DestinationLock } from '../../lock/held-lock.js';
import type { BackupType } from '../../repository/names.js';
import type { RetentionPolicy } from '../../repository/retention/policy.js';
import type { PruneReport } from '../../repository/retention/prune.js';
import type { Loss, Summary } from '../../repository/summary.js';
import type { RedisReader } from '../../redis/reader.js';
import type { Baseline } from './baseline.js';
import type { Step } from './changes.js';
import type { BucketSelection, ChosenBuckets } from './choose-buckets.js';
import type { GuardOptions } from '../guard.js';
import type { LockOptions, Protection } from '../protection.js';
import type { ObjectFindings } from '../object-findings.js';
import type { ListingReport } from './listing.js';
import type { ListingTrust } from './listing-trust.js';
import type { OpenLeftovers } from './leftovers.js';

/** The keys of Redis that a backup captures, and the connection to it. */
export interface RedisSource {
  patterns: readonly string[];
  db: number;
  /** Opens a connection. Rejects with `unreachable` or `access_denied`. */
  open: () => Promise<{ redis: RedisReader; close: () => void }>;
}

export interface BackupContext {
  store: ObjectStore;
  destination: Destination;
  clock: Clock;
  signal: AbortSignal;
  progress: WorkProgress;
  /** Name and version of this program, for the summary. */
  tool: string;
  /** The backup is in plain text although earlier ones are encrypted. */
  noEncryption?: boolean;
  /** The findings of `doctor --probe` about the server of the store, if it was probed. */
  findings?: ServerFindings | undefined;
}

/** The context of a run that holds the lock of the destination. */
export interface HeldContext extends BackupContext {
  leftovers: OpenLeftovers;
  listings: OrderedListings;
  trust: ListingTrust;
  lock: DestinationLock;
  /** The object locks of the backup; `undefined` if it is made without. */
  protection: Protection | undefined;
  captureObjects: CaptureObjects | undefined;
  reserved: ReservedBackup | undefined;
}

/** Captures the objects of a plan; see `captureObjects`. */
export type CaptureObjects = (
  context: HeldContext,
  plan: BackupPlan,
  pending: PendingBackup,
  lockable: ReadonlySet<string>,
) => Promise<ObjectFindings>;

/** The plan of a backup: its type, its buckets, and the steps that capture the objects. */
export interface BackupPlan {
  type: BackupType;
  buckets: readonly Bucket[];
  unusable: ChosenBuckets['unusable'];
  source: Summary['source'];
  /** The id of an incremental's parent. */
  parent: string | null;
  /** The earlier backup to compare with; `undefined` for the first of a line, and for metadata. */
  baseline: Baseline | undefined;
  /** The last trusted backup of the line. The baseline is another one if this cannot be read. */
  lastTrusted: Summary | undefined;
  /** The losses that objects bring with them that are taken over unread. */
  inheritedLosses: readonly Loss[];
  guard: GuardOptions;
  acls: boolean;
  /** The keys of Redis to capture; `undefined` if the backup holds none. */
  redis: RedisSource | undefined;
  faults: RunFaults;
  /** The time at which the backup began to read the store. */
  startedAt: Date;
  steps: AsyncIterable<readonly Step[]>;
  /** The report on the listings from which the steps come. */
  listing: ListingReport;
  /** Resolves to the totals for the progress; `undefined` if they are unknown. */
  expected: (signal: AbortSignal) => Promise<{ objects: number; bytes: number } | undefined>;
  close: () => Promise<void>;
}

export interface RetentionAfterwards {
  policy: RetentionPolicy;
  onPruned: (report: PruneReport) => void;
}

export interface RunOptions {
  /** The command, for other runs that find the destination locked: `backup full`. */
  command: string;
  waitLockMs: number;
  retention?: RetentionAfterwards | undefined;
  /** Lock the files of the backup, and those that it refers to. */
  locks?: LockOptions | undefined;
  /** Captures the objects in another way than this process alone. */
  captureObjects?: CaptureObjects | undefined;
  /** The id that the backup has to get; absent: a new one. */
  reserved?: ReservedBackup | undefined;
  /** Called once the lock is held, before anything is read or removed. Rejects where the run must not begin. */
  confirm?: (() => Promise<void>) | undefined;
}

export interface BackupOptions extends Omit<RunOptions, 'command'> {
  selection: BucketSelection;
  /** Start even if the disk seems too full. */
  ignoreFreeSpace: boolean;
  /** The operator's name for the store; if absent, its endpoint identifies it. */
  sourceName?: string | undefined;
  /** If it is absent, the strict guard applies. */
  guard?: GuardOptions | undefined;
  acls?: boolean | undefined;
  /** The earlier backups that the run was planned with; absent: the newest ones. */
  planned?: PlannedEarlier | undefined;
  redis?: RedisSource | undefined;
}

/** The ids of the earlier backups of a run that goes on; `null` for the first of a line. */
interface PlannedEarlier {
  earlier: string | null;
  lastTrusted: string | null;
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
