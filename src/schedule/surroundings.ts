import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { DaemonLog } from './log.js';
import { ownFolderOf } from './state/own-folder.js';
import { writableByOthers } from './trust.js';

interface Surroundings {
  /** The absolute path of the state folder. */
  folder: string;
  /** The most runs at once. */
  atOnce: number;
  log: DaemonLog;
  /** For tests. */
  pid?: number;
}

/** What the daemon itself has open: its state, its log, watches, and up to 64 connections of probes. */
const OWN_FILES = 128;
/** Pipes, the log and the start of a run; its hook and pings. */
const FILES_OF_A_RUN = 16;

/** Warns of what the daemon can work with, and may suffer from later. */
export async function warnOfSurroundings({
  folder,
  atOnce,
  log,
  pid = process.pid,
}: Surroundings): Promise<void> {
  if (pid === 1) {
    const message =
      'the daemon is process 1, and does not collect orphans of hooks: run it with an init ' +
      '(`docker run --init`, `init: true` in Compose)';
    log.warn({}, message);
  }
  const limit = await openFilesLimit();
  const needed = OWN_FILES + atOnce * FILES_OF_A_RUN;
  if (limit < needed) {
    log.warn({ limit, needed }, 'the limit of open files is too small: raise `ulimit -n`');
  }
  for (const one of [ownFolderOf(folder), folder, path.dirname(folder)]) {
    const why = await openTo(one);
    if (why !== undefined) {
      log.warn({ folder: one, reason: why }, 'others can change where the state lies');
    }
  }
}

/** Of this process; `Infinity` where it is unlimited or unknown. */
export async function openFilesLimit(): Promise<number> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const [, soft] = /^Max open files\s+(\d+)/m.exec(limits) ?? [];
  return soft === undefined ? Infinity : Number(soft);
}

const STICKY = 0o1000;

async function openTo(folder: string): Promise<string | undefined> {
  const ourUid = process.geteuid?.();
  const stats = await stat(folder).catch(() => undefined);
  if (ourUid === undefined || stats === undefined) return undefined;
  // In a folder such as /tmp nobody can replace what is ours.
  return (stats.mode & STICKY) === 0 ? writableByOthers(stats, ourUid) : undefined;
}
