import type { ObjectStore } from '../object-store/port.js';
import type { RunFaults } from '../object-store/run-faults.js';
import type { WorkProgress } from '../progress.js';
import type { OpenBackup } from '../repository/open-backup.js';
import type { EncryptionMode } from './attributes/attributes.js';
import type { DocumentToRestore } from './documents/bucket-documents.js';
import type { Failures } from './failures.js';
import type { Losses } from './losses.js';
import type { BucketPlan } from './plan/decide.js';
import type { RestorePlanner } from './plan/planner.js';
import type { ProbeResult } from './probe-keys.js';
import type { RestoreReport } from './report.js';
import type { RestoreSelection } from './selection.js';

/** What is handed from the plan of a restore to the parts that carry it out. */

export interface RestoreContext {
  store: ObjectStore;
  now: () => Date;
  signal: AbortSignal;
  progress: WorkProgress;
}

/** A bucket with all that is to be done to it. */
export interface PreparedBucket {
  plan: BucketPlan;
  documents: DocumentToRestore[];
  /** Its objects can be locked, or will be able to when it is created. */
  objectLock: boolean;
}

/** What a plan hands to those who carry it out. */
export interface Restoring {
  backup: OpenBackup;
  planner: RestorePlanner;
  faults: RunFaults;
  /** Of all buckets that are selected. */
  plans: BucketPlan[];
  /** Without those that are known to fail. */
  buckets: PreparedBucket[];
  /** Objects are restored, not the documents of buckets alone. */
  objects: boolean;
  selection: RestoreSelection;
  /** With what cannot be restored, whatever the target. */
  failures: Failures;
  losses: Losses;
  problems: string[];
}

export interface ApplyOptions {
  /** Somebody has said that it is to be done, whatever is lost by it. */
  consented: boolean;
  /** Compare what was written with the target's listing in the end. */
  proof: boolean;
  encryption: EncryptionMode;
}

/** What has been done so far. */
export interface Done {
  objects: number;
  bytes: number;
  /** Objects that were removed. */
  deleted: number;
}

export interface RestoringObjects extends ApplyOptions {
  probes: readonly ProbeResult[];
  done: Done;
  left: RestoreReport['left_out'];
}
