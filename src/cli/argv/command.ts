import type { Readable } from 'node:stream';
import type { Config, ConfigRequest } from '../../config/load.js';
import type { StoreAddress } from '../../config/store-address.js';
import type { ErrorCode } from '../../errors.js';
import type { Vault } from '../../repository/encryption/vault.js';
import type { ObjectStore } from '../../object-store/port.js';
import type { RedisReader } from '../../redis/reader.js';
import type { Output } from '../output/output.js';
import type { Progress } from '../progress/progress.js';
import type {
  ArgumentSpecs,
  ArgumentValues,
  OptionSpecs,
  OptionValues,
  SoundDefaults,
} from './option-specs.js';

/** A command is data: the parser, the help and the shell completion are all made from it. */
interface CommandData {
  /** One to three sentences at the top of `--help`; the one-line summary is in the catalog. */
  description: string;
  /**
   * What the command changes. `dry-run`: something, and it has a `--dry-run` (added by the parser,
   * and also meant by DRY_RUN=true), given to it as `context.dryRun`. `always`: something, and it
   * has none, so that DRY_RUN=true is an error.
   */
  changes: 'nothing' | 'dry-run' | 'always';
  /** Whether it talks to the object store: its help then shows the connection options. */
  usesStore: boolean;
  /** It talks to `s3://` destinations alone, of which --limit-rate is the only flag. */
  usesDestination?: boolean;
  /** It opens archives: its help shows --identity. */
  opensBackups?: boolean;
  /** It writes archives: its help shows --recipient and --signing-key. */
  makesBackups?: boolean;
  /** It refuses backups that are not signed, or takes nothing from them: its help shows --signer. */
  checksSignatures?: boolean;
  /** Whether its answer is rows, which `--csv` can print. */
  printsRows: boolean;
  /** Runs until it is told to end: SIGHUP does not end it, see `CommandContext.onHangup`. */
  staysOnHangup?: boolean;
  /** Lets work end that it is waiting for: no limit is set on how long it takes to end after a signal. */
  endsInItsOwnTime?: boolean;
  /** Shows its answer in a pager, to which Ctrl-C belongs: SIGINT ends nothing. */
  ignoresInterrupt?: boolean;
  /** The codes whose exit statuses `--help` prints, besides 0, 1 and 2, which any command can give. */
  endsWith: readonly ErrorCode[];
  examples: CommandExamples;
}

/** Command lines, and what each does in a few words. */
export type CommandExamples = Readonly<Record<string, string>>;

/** A command as its module writes it: `run` receives the values with the types of the specs. */
export interface CommandSpec<
  Arguments extends ArgumentSpecs,
  Options extends OptionSpecs,
> extends CommandData {
  /** In their order on the command line. */
  arguments: Arguments;
  /** By name in camel case: `acceptDeletions` is the flag `--accept-deletions`. */
  options: Options;
  /**
   * Does the work and reports through `context.output`. Resolves to a code where the whole answer was
   * printed and yet is not a success (`partial`, `damaged`); any other failure is a MangamotionError.
   */
  run(
    context: CommandContext,
    args: ArgumentValues<Arguments>,
    options: OptionValues<Options>,
  ): Promise<ErrorCode | undefined>;
}

/** Any command, as the parser and the help see it. */
export interface Command extends CommandData {
  arguments: ArgumentSpecs;
  options: OptionSpecs;
  run(
    context: CommandContext,
    args: Readonly<Record<string, unknown>>,
    options: Readonly<Record<string, unknown>>,
  ): Promise<ErrorCode | undefined>;
}

/** What a command is handed: it creates nothing of this itself. */
export interface CommandContext {
  /** The settings, read and checked at the first call. Rejects with `configuration`. */
  config: () => Promise<Config>;
  /** Where `config` reads them, for a command that tells of the settings themselves. */
  configRequest: ConfigRequest;
  /**
   * The object store of the settings, with retries; the same one for all calls, and closed after the
   * command. Where the buckets to be used are named, the right to list all of them is not needed.
   * Rejects with `configuration` where the credentials are missing.
   */
  openStore: (
    buckets?: readonly string[],
    /** The number of threads that read whole objects; none by default. */
    readers?: number,
  ) => Promise<ObjectStore>;
  /** The same for the store in which `s3://` destinations lie. */
  openBackupStore: () => Promise<ObjectStore>;
  /** The keys of encrypted backups. Rejects with `configuration` where a recipient is wrong. */
  openVault: () => Promise<Vault>;
  /**
   * The store that `backup copy` writes into: the same as of `openBackupStore`, unless the settings name
   * another server or other keys.
   */
  openCopyStore: () => Promise<ObjectStore>;
  /**
   * The server that drills use instead of the store, at this address or at that of the settings;
   * `undefined` if there is neither.
   */
  openDrillStore: (elsewhere?: StoreAddress) => Promise<ObjectStore | undefined>;
  /** The Redis of the settings, closed after the command. Rejects where it cannot be used. */
  openRedis: () => Promise<RedisReader>;
  /** Another connection to it each time, closed after the command at the latest. */
  connectRedis: () => Promise<OpenRedis>;
  /** Asks a yes-or-no question; resolves to `undefined` where there is no terminal to ask on. */
  confirm: (question: string) => Promise<boolean | undefined>;
  /** There is a terminal to ask on, and no --no-input. */
  isInteractive: boolean;
  /** --yes: every question has the answer yes. */
  saysYes: boolean;
  /** What was piped in. */
  stdin: Readable;
  /** Whether to change nothing: --dry-run or DRY_RUN=true. */
  dryRun: boolean;
  output: Output;
  progress: Progress;
  /** All commands, for those that parse, describe or complete a command line. */
  catalog: Catalog;
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
  /** Has a command with a log of its own get the warnings and notes in it, instead of stderr. */
  logTo: (log: LineLog) => void;
}

/** A log with levels, as pino has them. */
export interface LineLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** A connection of its own. */
export interface OpenRedis {
  redis: RedisReader;
  close: () => void;
}

/**
 * Every command of the program, without its code: `mangamotion --help` reads nothing but this. The
 * module of a command is imported when the command is run, helped or completed.
 */
export interface Catalog {
  commands: readonly CatalogEntry[];
  /** The words that come before a command's own. */
  groups: Readonly<Record<string, CommandGroup>>;
}

interface CommandGroup {
  /** One line, lower case, no full stop. */
  summary: string;
  examples: CommandExamples;
}

export interface CatalogEntry {
  path: readonly string[];
  /** One line, lower case, no full stop. */
  summary: string;
  load(): Promise<Command>;
}

/** Checks a command's types, then lets go of them: what calls `run` has made the values from the specs. */
export function defineCommand<
  const Arguments extends ArgumentSpecs,
  const Options extends OptionSpecs,
>(
  spec: CommandSpec<Arguments, Options> & {
    arguments: SoundDefaults<Arguments>;
    options: SoundDefaults<Options>;
  },
): Command {
  return spec;
}
