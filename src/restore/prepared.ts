import type { ObjectStore } from '../object-store/port.js';
import type { ServerFindings } from '../object-store/server-findings.js';
import type { RunFaults } from '../object-store/run-faults.js';
import type { WorkProgress } from '../progress.js';
import type { OpenBackup } from '../repository/open-backup.js';
import type { EncryptionMode } from './attributes/attributes.js';
import type { DocumentToRestore } from './documents/bucket-documents.js';
import type { Failures, Losses } from './failures.js';
import type { BucketPlan } from './plan/decide.js';
import type { RestorePlanner } from './plan/planner.js';
import type { ProbeResult } from './probe-keys.js';
import type { RestoreReport } from './report.js';
import type { RestoreSelection } from './selection.js';

/** The results of planning that the steps of a restore need. */

export interface RestoreContext {
  store: ObjectStore;
  now: () => Date;
  signal: AbortSignal;
  progress: WorkProgress;
  /** How many workers upload at once; 1 by default. */
  workers?: number | undefined;
  /** What is known of the target's server. */
  findings?: ServerFindings | undefined;
}

export interface PreparedBucket {
  plan: BucketPlan;
  documents: DocumentToRestore[];
  /** Whether the bucket can lock objects, or will be created with object lock. */
  objectLock: boolean;
  /** Whether nobody else can have written into it: it was missing, and this restore alone creates it. */
  isNew: boolean;
}

export interface PreparedRestore {
  backup: OpenBackup;
  planner: RestorePlanner;
  faults: RunFaults;
  plans: BucketPlan[];
  /** The buckets to restore, without those that have already failed. */
  buckets: PreparedBucket[];
  /** Whether objects are restored, and not only bucket documents. */
  objects: boolean;
  selection: RestoreSelection;
  /** Includes objects that the backup itself lacks. */
  failures: Failures;
  losses: Losses;
  problems: string[];
}

export interface ApplyOptions {
  /** Whether the operator has agreed to what the plan destroys. */
  consented: boolean;
  /** Whether written objects are compared with the target's listing at the end. */
  proof: boolean;
  encryption: EncryptionMode;
  /** Each object that is found unchanged was written by workers that have told what of it was lost. */
  trustsUnchanged?: boolean | undefined;
  /** An existing bucket for the probes, instead of one that is created and removed for them. */
  probeIn?: string | undefined;
}

export interface Done {
  objects: number;
  bytes: number;
  /** Objects removed from the target. */
  deleted: number;
}

export interface ObjectsOptions extends ApplyOptions {
  probes: readonly ProbeResult[];
  done: Done;
  left: RestoreReport['left_out'];
}
