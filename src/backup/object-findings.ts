import type {
  DocumentFidelity,
  Encryption,
  PartRecord,
  ShardRecord,
} from '../repository/summary.js';
import type { Failures, Losses } from './failures.js';
import type { ChangeCounts } from './guard.js';

/** The numbers of objects by outcome, as in the summary. */
export interface CaptureCounts {
  /** Objects that the listing named or HEAD found. */
  total: number;
  captured: number;
  /** Captured objects whose bytes an interrupted run had already copied. */
  salvaged: number;
  /** Objects whose bytes lie in an earlier archive. */
  unchanged: number;
  /** Unchanged objects that were only compared with the listing. */
  unverified: number;
  /** Captured objects that were overwritten after they were listed. */
  changed: number;
  vanished: number;
  failed: number;
  /** Unreadable objects that were taken over; they also count as captured or unchanged. */
  carried: number;
  /** The total size of all objects in the backup. */
  bytes: number;
  /** The size of those that were copied into its archive. */
  copiedBytes: number;
}

/** What a capture has found out about the objects of a backup, for its summary. */
export interface ObjectFindings {
  counts: CaptureCounts;
  failures: Failures;
  losses: Losses;
  changes: ChangeCounts;
  notices: Iterable<string>;
  /** The parts of objects that the server does not implement. */
  unsupported: DocumentFidelity[];
  /** Why the index of the earlier backup could not be read; `undefined` if it could. */
  earlierUnreadable: string | undefined;
  /** The records of parts that the backup may refer to. */
  parts?: readonly PartRecord[];
  /** The records of encrypted archives that the backup may refer to, beside those of the earlier one. */
  encrypted?: Encryption['archives'];
  /** The name of the run that captured them, if it has one. */
  runName?: string;
  /** Present where this is the manifest of a part. */
  shard?: Omit<ShardRecord, 'changes' | 'leaves_gap' | 'earlier_unreadable'>;
}
