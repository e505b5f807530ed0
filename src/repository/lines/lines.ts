import { MangamotionError } from '../../errors.js';
import type { BackupEntry } from '../destination.js';
import { type LineIdentity, type Selection, identify, keyOf } from './line-keys.js';
import { nameLines } from './line-names.js';
import { backupTypeOf } from '../names.js';
import type { Summary } from '../summary.js';
import { assessTrust } from './trust.js';

/**
 * A line is the sequence of backups of one source and one selection of buckets. Parents, the guard,
 * retention, `--latest`, `--at` and freshness each work within one line. Pure.
 */

export interface LineBackup {
  readonly id: string;
  readonly entry: BackupEntry;
  readonly summary: Summary;
  /** Why it is not trusted; `undefined` if it is. */
  readonly untrusted: string | undefined;
}

export interface Line {
  /** Derived from source and selection; unique in the destination. */
  readonly name: string;
  readonly source: {
    /** The operator's name for the store; `undefined` if it has none. */
    name: string | undefined;
    endpoints: readonly string[];
  };
  readonly selection: Selection;
  /** The backups of all types in the order of their sequence; at least one. */
  readonly backups: readonly LineBackup[];
  readonly trusted: ReadonlySet<string>;
  /** The newest trusted backup that holds objects. */
  readonly newestTrusted: LineBackup | undefined;
  /**
   * The newest suspect backup that no trusted one has followed. It suspends the line's retention.
   */
  readonly suspendedBy: string | undefined;
  /** Whether it was ended with `backup retire-line`, and no backup has joined it since. */
  readonly retired: boolean;
}

/**
 * Returns the lines of a destination, ordered by their oldest backups. `backups` are sorted by
 * sequence. A backup with an unreadable summary, or another backup's, belongs to no line.
 */
export function linesOf(backups: readonly BackupEntry[]): Line[] {
  return group(backups.flatMap(memberOf)).map(({ line }) => line);
}

/** Returns the line that a new backup of this source would join, if any. */
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

/** Throws `not_found`, with the names of all lines as a hint. */
export function lineNamed(lines: readonly Line[], name: string): Line {
  const line = lines.find((one) => one.name === name);
  if (line !== undefined) return line;
  const names = lines.map((one) => one.name).join(', ');
  throw new MangamotionError('not_found', `no such line: ${name}`, {
    hint: names === '' ? 'There are no backups.' : `The lines are: ${names}.`,
  });
}

/** Whether a backup holds objects: metadata backups do not. */
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

/** Groups backups into lines. `joining` is the source of one more, which may name others. */
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
