import type { ErrorCode } from '../../errors.js';
import type { CopyContext, CopyOptions } from './copy-context.js';
import { storedBytesOf } from '../parts.js';
import type { PlannedCopy } from './copy-plan.js';

/** What a copy is going to do, or has done. Pure. */

/**
 * How it is known that an archive at the target is the one of the source. `read`: this host has read
 * every byte and computed the SHA-256 in the summary. `server`: the server copied it, and the lengths
 * and the ETags, which are made of MD5s, are equal.
 */
type Proof = 'read' | 'server';

export interface CopiedBackup {
  id: string;
  /** `chosen`, or why it is copied too. */
  why: string;
  /** With the bytes of the parts that are its own. */
  archive_bytes: number | null;
  /** `repaired`: only its archive was missing or wrong. `planned` and `present` may be of a dry run. */
  state: 'planned' | 'copied' | 'repaired' | 'present' | 'failed';
  /** How it came there in this run; `null` if it did not. */
  by: 'server' | 'stream' | null;
  /** `null` if nothing but summary and length was compared in this run. */
  proof: Proof | null;
  /** Why it failed. */
  reason: string | null;
  /** The code of the failure. */
  code: ErrorCode | null;
}

export interface CopyReport {
  source: string;
  target: string;
  dry_run: boolean;
  /** In the order in which they are copied. */
  backups: CopiedBackup[];
  /** Backups at the source that were not considered, and why. */
  left_out: { id: string; reason: string }[];
  copied: number;
  present: number;
  failed: number;
  /** The bytes of the archives that are to be copied, or were. */
  bytes: number;
  /** The bytes of archives that went through this host, read or written. */
  streamed_bytes: number;
  /** Why the server did not copy by itself, where it could have; `null` otherwise. */
  streamed_because: string | null;
}

export function isToBeCopied({ task, obstacle }: PlannedCopy): boolean {
  return task !== 'present' && obstacle === undefined;
}

/** The bytes of the archives that are to be copied, and of the parts that are not at the target. */
export function bytesToCopy(planned: readonly PlannedCopy[]): number {
  return planned.filter(isToBeCopied).reduce((sum, { summary, parts }) => {
    const missing = parts.filter(({ isThere }) => !isThere);
    const ofParts = missing.reduce((its, { record }) => its + record.archive_bytes, 0);
    return sum + (summary?.archive_bytes ?? 0) + ofParts;
  }, 0);
}

/** Returns the report before anything is copied. */
export function emptyReport(
  { source, target }: CopyContext,
  { dryRun }: CopyOptions,
  planned: readonly PlannedCopy[],
  leftOut: CopyReport['left_out'] | readonly CopyReport['left_out'][number][],
): CopyReport {
  const backups = planned.map(({ id, why, summary, task, obstacle }): CopiedBackup => {
    const state = obstacle !== undefined ? 'failed' : task === 'present' ? 'present' : 'planned';
    return {
      ...{ id, why, archive_bytes: summary === undefined ? null : storedBytesOf(summary) },
      ...{ state, by: null, proof: null },
      ...{ reason: obstacle?.reason ?? null, code: obstacle?.code ?? null },
    };
  });
  const bytes = bytesToCopy(planned);
  return {
    ...{ source: source.location, target: target.location, dry_run: dryRun, backups },
    ...{ left_out: [...leftOut], copied: 0, present: 0, failed: 0, bytes },
    ...{ streamed_bytes: 0, streamed_because: null },
  };
}

export function countsOf(
  backups: readonly CopiedBackup[],
): Pick<CopyReport, 'copied' | 'present' | 'failed'> {
  const count = (...states: CopiedBackup['state'][]) =>
    backups.filter(({ state }) => states.includes(state)).length;
  return {
    copied: count('copied', 'repaired'),
    present: count('present'),
    failed: count('failed'),
  };
}
