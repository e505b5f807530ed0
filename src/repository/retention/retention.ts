import { chainProblems, isBreak, referrers } from '../chain.js';
import type { BackupEntry } from '../destination.js';
import { type KnownBackup, classifyBackup } from './known-backup.js';
import { keptInSequence } from './kept.js';
import { type Line, lineOfBackup, linesOf } from '../lines/lines.js';
import { type BackupType, backupTypeOf } from '../names.js';
import type { RetentionPolicy } from './policy.js';
import type { Summary } from '../summary.js';
import { olderThanUnreadable } from './unreadable.js';

/** The decision on a backup. Only `remove` deletes it. */
export type Decision =
  | { id: string; kind: 'keep'; reasons: string[] }
  /** It has expired, but the kept backups `by` need its archive. */
  | { id: string; kind: 'referenced'; by: string[] }
  /** It has expired, but the later, unreadable backups `because` may need its archive. */
  | { id: string; kind: 'withheld'; because: string[] }
  /** It has expired, but its files are locked until `until`: it stays whole. */
  | { id: string; kind: 'retained'; until: string }
  | { id: string; kind: 'remove'; summary: Summary };

export interface RetentionOptions {
  now: Date;
  /** Decide only on this type; by default on all, with full and incremental as one sequence. */
  type?: BackupType | undefined;
  /** Decide only on the line of this backup; by default on each line. */
  lineOf?: string | undefined;
  /** The ends of the locks of backups that are still locked, by their ids. */
  lockedUntil?: ReadonlyMap<string, string> | undefined;
}

/** A line whose trusted backups are all kept, and the suspect backup that is the reason. */
export interface Suspended {
  line: string;
  by: string;
}

/** Full and incremental backups form one sequence, metadata backups another. */
const SEQUENCES: readonly (readonly BackupType[])[] = [['full', 'incremental'], ['metadata']];

/**
 * Decides on each selected backup, in the given order: oldest first by sequence. The policy applies
 * to each line separately. Backups that are not selected are kept, and so is what they refer to.
 * Earlier `expired` marks do not matter, so another policy may decide differently.
 */
export function planRetention(
  backups: readonly BackupEntry[],
  policy: RetentionPolicy,
  options: RetentionOptions,
): Decision[] {
  const { type } = options;
  const lines = selectedLines(linesOf(backups), options);
  const selected = backups.filter(
    ({ id }) =>
      (type === undefined || backupTypeOf(id) === type) &&
      (options.lineOf === undefined || lineOfBackup(lines, id) !== undefined),
  );
  const broken = new Set(
    chainProblems(backups)
      .filter(isBreak)
      .map(({ id }) => id),
  );
  const classified = selected.map((backup) => classifyBackup(backup, broken));
  const known = classified.filter((backup) => backup.kind === 'known');

  const kept = keptInLines(lines, known, policy, options);
  const expired = known.filter(({ id }) => !kept.has(id));
  const withheld = olderThanUnreadable(expired, backups);

  const removed = new Set(expired.map(({ id }) => id).filter((id) => !withheld.has(id)));
  const { lockedUntil = new Map<string, string>() } = options;
  const retained = new Map([...lockedUntil].filter(([id]) => removed.has(id)));
  for (const id of retained.keys()) removed.delete(id);
  for (const [id, reason] of neededSuspects(backups, removed)) {
    removed.delete(id);
    kept.set(id, [reason]);
  }
  const remaining = backups.map(({ id }) => id).filter((id) => !removed.has(id));
  const neededBy = referrers(backups, remaining);

  return classified.map((backup): Decision => {
    const { id } = backup;
    if (backup.kind === 'unknown') return { id, kind: 'keep', reasons: [backup.reason] };
    const reasons = kept.get(id);
    if (reasons !== undefined) return { id, kind: 'keep', reasons };
    const because = withheld.get(id);
    if (because !== undefined) return { id, kind: 'withheld', because };
    const until = retained.get(id);
    if (until !== undefined) return { id, kind: 'retained', until };
    const by = neededBy.get(id);
    if (by !== undefined) return { id, kind: 'referenced', by };
    return { id, kind: 'remove', summary: backup.summary };
  });
}

/**
 * Returns the selected lines whose retention is suspended: many objects vanished, and no trusted
 * backup has followed. Metadata backups hold no objects, and are not affected.
 */
export function suspendedLines(
  backups: readonly BackupEntry[],
  options: Omit<RetentionOptions, 'now'>,
): Suspended[] {
  if (options.type === 'metadata') return [];
  return selectedLines(linesOf(backups), options).flatMap(({ name, suspendedBy }) =>
    suspendedBy === undefined ? [] : [{ line: name, by: suspendedBy }],
  );
}

/**
 * Returns the suspects, of those that would be removed, without which a backup that stays would be
 * trusted, and why each is needed: old summaries do not say that they were compared with anything.
 */
function neededSuspects(
  backups: readonly BackupEntry[],
  removed: ReadonlySet<string>,
): Map<string, string> {
  const needed = new Map<string, string>();
  const lines = linesOf(backups);
  for (;;) {
    const stays = backups.map(({ id }) => id).filter((id) => !removed.has(id) || needed.has(id));
    const all = new Set([...stays, ...referrers(backups, stays).keys()]);
    const left = backups.filter(({ id }) => all.has(id));
    const trusted = new Set(linesOf(left).flatMap((line) => [...line.trusted]));
    const before = needed.size;
    for (const { backups: line } of lines) {
      for (const [index, { id, untrusted }] of line.entries()) {
        if (untrusted === undefined || !trusted.has(id)) continue;
        for (const { id: suspect, summary } of line.slice(0, index)) {
          if (summary.status !== 'suspect' || !removed.has(suspect) || needed.has(suspect))
            continue;
          needed.set(suspect, `${id} is not trusted because of it`);
        }
      }
    }
    if (needed.size === before) return needed;
  }
}

function selectedLines(
  lines: readonly Line[],
  { lineOf }: Pick<RetentionOptions, 'lineOf'>,
): Line[] {
  if (lineOf === undefined) return [...lines];
  const line = lineOfBackup(lines, lineOf);
  return line === undefined ? [] : [line];
}

function keptInLines(
  lines: readonly Line[],
  known: readonly KnownBackup[],
  policy: RetentionPolicy,
  { now, type }: RetentionOptions,
): Map<string, string[]> {
  const byId = new Map(known.map((one) => [one.id, one]));
  const sequences = type === undefined ? SEQUENCES : [[type]];
  const kept = lines.flatMap((line) => {
    const own = ofLine(line, byId);
    return sequences.flatMap((types) => {
      const sequence = own.filter(({ summary }) => types.includes(summary.type));
      const suspendedBy = types.includes('metadata') ? undefined : line.suspendedBy;
      const state = { suspendedBy, retired: line.retired };
      return [...keptInSequence(sequence, state, policy, now)];
    });
  });
  return new Map(kept);
}

/** Adds to each backup what is known from its line. */
function ofLine(line: Line, byId: ReadonlyMap<string, KnownBackup>): KnownBackup[] {
  const newestTrusted = line.backups.findIndex(({ id }) => id === line.newestTrusted?.id);
  return line.backups.flatMap(({ id, entry, summary, untrusted }, index) => {
    const one = byId.get(id);
    const isSuspect = summary.status === 'suspect' && entry.accepted !== true;
    const isStandingSuspect = isSuspect && index > newestTrusted;
    return one === undefined ? [] : [{ ...one, untrusted, isStandingSuspect }];
  });
}
