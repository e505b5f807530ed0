import type { BackupContext } from '../plan/backup-plan.js';

/** What a worker needs to capture shards. */
export type ShardContext = Pick<
  BackupContext,
  'store' | 'destination' | 'clock' | 'signal' | 'progress' | 'tool' | 'findings'
>;

/** A range that has more than any of these is divided. */
export interface SplitLimits {
  objects: number;
  bytes: number;
  ms: number;
}
