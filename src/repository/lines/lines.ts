import { MangamotionError } from '../../errors.js';
import type { BackupEntry } from '../destination.js';
import { type LineIdentity, type Selection, identify, keyOf } from './line-keys.js';
import { nameLines } from './line-names.js';
import { backupTypeOf } from '../names.js';
import type { Summary } from '../summary.js';
import { assessTrust } from './trust.js';

/**
 * Lines: the backups of one source and one selection of buckets, which follow one another. A
 * destination may hold several; parents, the deletion guard, retention, `--latest`, `--at` and
 * freshness look at one of them.
 */

export interface LineBackup {
  readonly id: string;
  readonly entry: BackupEntry;
  readonly summary: Summary;
  /** Why it is not trusted, in words; `undefined` where it is. */
  readonly untrusted: string | undefined;
}

export interface Line {
  /** Derived, unlike that of any other line of the destination, and typed without quotes. */
  readonly name: string;
  readonly source: {
    /** The operator's name for the store; `undefined` if it has only an endpoint. */
    name: string | undefined;
    /** The endpoints in the summaries, without duplicates. */
    endpoints: readonly string[];
  };
  readonly selection: Selection;
  /** The backups of all types in order of creation; at least one. */
  readonly backups: readonly LineBackup[];
  /** The ids of those that are trusted. */
  readonly trusted: ReadonlySet<string>;
  /** The newest trusted one that holds objects. */
  readonly newestTrusted: LineBackup | undefined;
  /** The newest suspect that no trusted backup has followed: retention of the line is suspended. */
  readonly suspendedBy: string | undefined;
  /** It was ended with `backup retire-line`, and nothing has joined it since. */
  readonly retired: boolean;
}

/**
 * The lines of a destination, those whose oldest backup is older first. The backups come sorted by
 * sequence. Those whose summary cannot be read, or is that of another backup, belong to none.
 */
export function linesOf(backups: readonly BackupEntry[]): Line[] {
  return group(backups.flatMap(memberOf)).map(({ line }) => line);
}

/**
 * The line that a backup of this source would join, were it made now; `undefined` where it would
 * begin a line of its own.
 */
export function lineOfSource(
  backups: readonly BackupEntry[],
  source: Summary['source'],
): Line | undefined {
  const members = backups.flatMap(memberOf);
  const joined = identify([...members.map(({ summary }) => summary.source), source]).at(-1);
  if (joined === undefined) return undefined;
  const key = keyOf(joined);
  return group(members, source).find((grouped) => grouped.key === key)?.line;
}

export function lineOfBackup(lines: readonly Line[], id: string): Line | undefined {
  return lines.find(({ backups }) => backups.some((backup) => backup.id === id));
}

/** Throws `not_found`, with the names that there are. */
export function lineNamed(lines: readonly Line[], name: string): Line {
  const line = lines.find((one) => one.name === name);
  if (line !== undefined) return line;
  const names = lines.map((one) => one.name).join(', ');
  throw new MangamotionError('not_found', `no line ${name} here`, {
    hint: names === '' ? 'There are no backups.' : `The lines are: ${names}.`,
  });
}

/** True for full and incremental backups, which form one sequence; metadata backups hold no objects. */
export function holdsObjects({ type }: Pick<Summary, 'type'>): boolean {
  return type !== 'metadata';
}

interface Member {
  entry: BackupEntry;
  summary: Summary;
}

function memberOf(entry: BackupEntry): Member[] {
  if (entry.summary.kind !== 'valid') return [];
  const { summary } = entry.summary;
  const isItsOwn = summary.id === entry.id && summary.type === backupTypeOf(entry.id);
  return isItsOwn ? [{ entry, summary }] : [];
}

/** `joining`: a source that the lines are looked at for, as that of one more backup. */
function group(
  members: readonly Member[],
  joining?: Summary['source'],
): { key: string; line: Line }[] {
  const sources = members.map(({ summary }) => summary.source);
  const identities = identify(joining === undefined ? sources : [...sources, joining]);
  const groups = new Map<string, { identity: LineIdentity; members: Member[] }>();
  for (const [index, member] of members.entries()) {
    const identity = identities[index];
    if (identity === undefined) continue;
    const key = keyOf(identity);
    const found = groups.get(key) ?? { identity, members: [] };
    found.members.push(member);
    groups.set(key, found);
  }
  const names = nameLines([...groups.values()].map(({ identity }) => identity));
  return [...groups].map(([key, { identity, members: own }], index) => {
    return { key, line: buildLine(names[index] ?? key, identity, own) };
  });
}

function buildLine(name: string, identity: LineIdentity, members: readonly Member[]): Line {
  const { reasons, suspendedBy } = assessTrust(
    members.map(({ entry, summary }) => {
      return { id: entry.id, summary, accepted: entry.accepted === true };
    }),
  );
  const backups = members.map(({ entry, summary }): LineBackup => {
    return { id: entry.id, entry, summary, untrusted: reasons.get(entry.id) };
  });
  const trusted = backups.filter(({ untrusted }) => untrusted === undefined);
  const { store, selection } = identity;
  return {
    name,
    source: {
      name: 'name' in store ? store.name : undefined,
      endpoints: [...new Set(members.map(({ summary }) => summary.source.endpoint))],
    },
    selection,
    backups,
    trusted: new Set(trusted.map(({ id }) => id)),
    newestTrusted: trusted.findLast(({ summary }) => holdsObjects(summary)),
    suspendedBy,
    retired: backups.at(-1)?.entry.retired === true,
  };
}
