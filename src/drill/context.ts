import type { LockOwner } from '../lock/claim.js';
import type { ObjectStore } from '../object-store/port.js';
import type { RedisReader } from '../redis/reader.js';
import type { WorkProgress } from '../progress.js';
import type { Destination } from '../repository/destination.js';
import type { Vault } from '../repository/encryption/vault.js';
import type { CheckCommand } from './check.js';
import type { Pick } from './choose.js';
import type { Objectives } from './objectives.js';

/** What every scenario needs. */
export interface DrillContext {
  destination: Destination;
  /** Opens the server that has the drill's buckets. Rejects if it cannot be used. */
  openTarget: () => Promise<DrillTarget>;
  /** Opens the store that was backed up, to count what the backup lacks; `undefined` to leave that out. */
  openSource: (() => Promise<ObjectStore>) | undefined;
  /** Opens a Redis for the drill, which may be filled and emptied; `undefined` if there is none. */
  openRedis: (() => Promise<DrillRedis | undefined>) | undefined;
  /** Opens the keys for encrypted backups. Rejects with `configuration` if they are wrong. */
  openVault: () => Promise<Vault>;
  owner: LockOwner;
  now: () => Date;
  signal: AbortSignal;
  progress: WorkProgress;
  note: (line: string) => void;
  warn: (line: string) => void;
}

export interface DrillRedis {
  redis: RedisReader;
  /** Its address, without a password. */
  text: string;
  close: () => Promise<void>;
}

export interface DrillTarget {
  store: ObjectStore;
  /** Whether it is the store that was backed up, which is in use. */
  isSource: boolean;
}

export interface DrillOptions {
  objectives: Objectives;
  /** The share of the objects to restore: 1 for all. */
  sample: number;
  /** The most bytes to restore; `undefined` where the operator gave no limit. */
  maxBytes: number | undefined;
  /** The begin of the names of buckets; may be empty. */
  prefix: string;
  pick: Pick;
  /** Decides every draw of this drill. */
  seed: string;
  line: string | undefined;
  /** How long the copies of a ransom drill are locked at least; `undefined`: as long as it takes. */
  lockMs: number | undefined;
  check: CheckCommand | undefined;
  keep: boolean;
}
