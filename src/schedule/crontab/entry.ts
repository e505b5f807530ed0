import type { Timing } from './firings.js';

export const OVERLAPS = ['skip', 'wait', 'kill'] as const;
export const CATCH_UPS = ['once', 'none'] as const;

/** The options that a comment before a line can set. */
export interface EntryOptions {
  /** A run that takes longer is ended; `undefined` for no limit. */
  timeoutMs: number | undefined;
  /** Each run starts later by a random time up to this. */
  jitterMs: number;
  /** What happens to a firing while the entry still runs. */
  overlap: (typeof OVERLAPS)[number];
  /** Whether missed firings are made up for by one run. */
  catchup: (typeof CATCH_UPS)[number];
  /** A hook: a command line for the shell, or a URL, called after each run with this result. */
  onFailure: string | undefined;
  onSuccess: string | undefined;
  /** The secret settings that the commands of its hooks have in their environment. */
  passEnv: readonly string[];
}

/** A line of the crontab that runs a command. */
export interface Entry extends EntryOptions {
  /** The unique name, by which the history refers to it. */
  name: string;
  /** The line in the file, from 1. */
  line: number;
  timing: Timing;
  /** The time as it is written: `0 2 * * *`. */
  timeText: string;
  /** The arguments of `mangamotion`, and the column of the first one, from 1. */
  argv: readonly string[];
  commandColumn: number;
}

/** An entry, and the destination that its command writes into. */
export interface ScheduledEntry extends Entry {
  /** Commands with the same destination never run at once; `undefined` for a command without one. */
  destination: string | undefined;
  /** Among firings that wait for one destination, the lowest rank runs first. */
  rank: number;
}

/** A mistake in the file, for people. Lines and columns are counted from 1. */
export interface Problem {
  line: number;
  column: number;
  message: string;
}

/**
 * What `schedule check` reports of a file that can be used all the same, because earlier versions used
 * it: `mistake` ends the check with a failure, `warning` does not.
 */
export interface Remark extends Problem {
  severity: 'mistake' | 'warning';
}
