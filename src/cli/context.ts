import type { Readable } from 'node:stream';
import type { Config } from '../config/load.js';
import type { ObjectStore } from '../object-store/port.js';
import type { RedisReader } from '../redis/reader.js';
import type { OpenRedis } from './run/open-redis.js';
import type { Output } from './output/output.js';
import type { Progress } from './progress/progress.js';

/** What a command is handed: it creates nothing of this itself. */
export interface CommandContext {
  /** The settings, read and checked at the first call. Rejects with `configuration`. */
  config: () => Promise<Config>;
  /**
   * The object store of the settings, with retries; the same one for all calls, and closed after the
   * command. Where the buckets to be used are named, the right to list all of them is not needed.
   * Rejects with `configuration` where the credentials are missing.
   */
  openStore: (buckets?: readonly string[]) => Promise<ObjectStore>;
  /** The same for the store in which `s3://` destinations lie. */
  openBackupStore: () => Promise<ObjectStore>;
  /** The Redis of the settings, closed after the command. Rejects where it cannot be used. */
  openRedis: () => Promise<RedisReader>;
  /** Another connection to it each time, closed after the command at the latest. */
  connectRedis: () => Promise<OpenRedis>;
  /** Asks a yes-or-no question; resolves to `undefined` where there is no terminal to ask on. */
  confirm: (question: string) => Promise<boolean | undefined>;
  /** There is a terminal to ask on. */
  isInteractive: boolean;
  /** What was piped in. */
  stdin: Readable;
  /** Whether to change nothing: --dry-run or DRY_RUN=true. */
  dryRun: boolean;
  output: Output;
  progress: Progress;
  /** Aborted by SIGINT and SIGTERM. */
  signal: AbortSignal;
  /** Calls the listener at every SIGHUP, in a command that stays then. */
  onHangup: (listener: () => void) => void;
  /** The flags of this run that name settings, for a child that is to have the same ones. */
  settingFlags: readonly string[];
  now: () => Date;
  /** Folder that relative paths on the command line begin at. */
  cwd: string;
  /** One line on stderr, above the progress, also with --quiet. */
  warn: (message: string) => void;
}
