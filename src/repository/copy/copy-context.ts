import type { WorkProgress } from '../../progress.js';
import type { BackupEntry, Destination } from '../destination.js';
import type { Vault } from '../encryption/vault.js';

/** What is chosen of the backups at the source, oldest first by sequence. */
export type Choose = (backups: readonly BackupEntry[]) => {
  ids: readonly string[];
  leftOut: readonly { id: string; reason: string }[];
};

export interface CopyContext {
  source: Destination;
  target: Destination;
  /** For whom backups in plain text are encrypted on the way, if it names recipients, and who signs them. */
  vault: Vault;
  signal: AbortSignal;
  progress: WorkProgress;
}

export interface CopyOptions {
  choose: Choose;
  dryRun: boolean;
  /** Read every archive at the target, also those that were there before. */
  verify: boolean;
  /** Send all bytes through this host, even if the server could copy by itself. */
  stream: boolean;
  waitLockMs: number;
}
