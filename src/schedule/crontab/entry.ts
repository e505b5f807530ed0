import type { Timing } from './firings.js';

export const OVERLAPS = ['skip', 'wait', 'kill'] as const;
export const CATCH_UPS = ['once', 'none'] as const;

/** What a comment in front of a line can set. */
export interface EntryOptions {
  /** Ends a run that takes longer; `undefined`: no limit. */
  timeoutMs: number | undefined;
  /** Each run begins up to so much later, by chance. */
  jitterMs: number;
  /** What becomes of a firing while the entry still runs. */
  overlap: (typeof OVERLAPS)[number];
  /** Whether a firing that was missed is made up for, and how often. */
  catchup: (typeof CATCH_UPS)[number];
  /** A command line for the shell, or a URL; told of each run that ended so. */
  onFailure: string | undefined;
  onSuccess: string | undefined;
}

/** A line of the crontab that runs a command. */
export interface Entry extends EntryOptions {
  /** Unique; what its history goes by. */
  name: string;
  /** Of the file, from 1. */
  line: number;
  timing: Timing;
  /** As it is written: `0 2 * * *`. */
  timeText: string;
  /** Words for `mangamotion`, and where the first one begins in the line, from 1. */
  argv: readonly string[];
  commandColumn: number;
}

/** An entry, and what its command uses. */
export interface ScheduledEntry extends Entry {
  /** Two commands that write into one never run at once; `undefined` for one that writes into none. */
  destination: string | undefined;
  /** Of those that wait for one destination the lowest goes first. */
  rank: number;
}

/** A mistake in the file, for people. Lines and columns are counted from 1. */
export interface Problem {
  line: number;
  column: number;
  message: string;
}
