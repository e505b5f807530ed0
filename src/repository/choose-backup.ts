import { countOf } from '../count-of.js';
import { MangamotionError } from '../errors.js';
import type { BackupEntry } from './destination.js';
import { missingArchive } from './history.js';
import type { Selection } from './lines/line-keys.js';
import { type Line, type LineBackup, holdsObjects, lineNamed, linesOf } from './lines/lines.js';
import { backupTimeOf } from './names.js';
import { widestLine } from './lines/widest.js';

export interface Choice {
  backup: BackupEntry;
  line: string;
  /** The names of other lines that were possible, and not searched. */
  otherLines: string[];
  /** The newer candidates that cannot be used, newest first. */
  passedOver: { id: string; reason: string }[];
}

/** The chosen backup must hold this. Every backup holds the documents of buckets. */
export type Wanted = 'objects' | 'documents' | 'redis';

/** The lines to search if there are several. */
export interface LineScope {
  line?: string | undefined;
  /** If `line` is absent, every line whose selection covers all these buckets is searched. */
  buckets?: readonly string[] | undefined;
  /** If both are absent and there are several lines: refuse, or search the one with the widest selection. */
  ambiguous?: 'refuse' | 'widest' | undefined;
}

/**
 * Returns the newest usable backup: trusted, with all its archives, and with the wanted content.
 * With `until`, only backups created at or before that time count. Newest is by sequence, so a
 * clock that was set back does not matter.
 *
 * Throws `not_found` if there is none, and `usage` if several lines are possible and `ambiguous` is
 * `refuse`.
 */
export function chooseBackup(
  backups: readonly BackupEntry[],
  until: Date | undefined,
  location: string,
  wanted: Wanted = 'objects',
  scope: LineScope = {},
): Choice {
  const candidatesIn = (line: Line): LineBackup[] =>
    line.backups.filter(
      ({ entry, summary }) =>
        existedBy(entry, until) && (wanted === 'documents' || holdsObjects(summary)),
    );
  const { lines, others } = linesInScope(linesOf(backups), candidatesIn, location, scope);
  const byId = new Map(
    lines.flatMap((line) =>
      candidatesIn(line).map((member) => [member.id, { line, member }] as const),
    ),
  );
  const passedOver: Choice['passedOver'] = [];
  for (const backup of backups.toReversed()) {
    const found = byId.get(backup.id);
    const reason =
      found === undefined
        ? whyNotInLine(backup, until)
        : whyNot(found.member, backups, scope, wanted);
    if (reason !== undefined) passedOver.push({ id: backup.id, reason });
    else if (found !== undefined) {
      return { backup, line: found.line.name, otherLines: others, passedOver };
    }
  }
  const buckets = scope.buckets ?? [];
  const holding = wanted === 'redis' ? ['all keys of Redis', ...buckets] : buckets;
  const what =
    holding.length === 0 ? 'complete backup' : `complete backup with ${holding.join(', ')}`;
  const [newest] = passedOver;
  const when = until === undefined ? '' : ` made by ${until.toISOString()}`;
  const why =
    newest === undefined ? '' : `; the newest, ${newest.id}, cannot be used: ${newest.reason}`;
  const elsewhere =
    others.length === 0
      ? ''
      : ` Without --line, other lines are not searched: ${others.join(', ')}.`;
  const deleted =
    backups.length > 0 || !location.startsWith('s3://')
      ? ''
      : ` If they were deleted, "mangamotion backup status ${location}" shows whether locked versions remain.`;
  throw new MangamotionError('not_found', `no ${what}${when} in ${location}${why}`, {
    hint: `List the backups with "mangamotion backup list ${location}", and name one by its path.${elsewhere}${deleted}`,
  });
}

/** Returns the lines to search: retired ones only if named, selected by a bucket, or alone. */
function linesInScope(
  all: readonly Line[],
  candidatesIn: (line: Line) => readonly LineBackup[],
  location: string,
  { line: name, buckets = [], ambiguous = 'refuse' }: LineScope,
): { lines: readonly Line[]; others: string[] } {
  if (name !== undefined) return { lines: [lineNamed(all, name)], others: [] };
  if (buckets.length > 0) {
    const covering = all.filter(({ selection }) => buckets.every((one) => covers(selection, one)));
    return { lines: covering, others: [] };
  }
  const holding = all.filter((line) => candidatesIn(line).length > 0);
  const live = holding.filter(({ retired }) => !retired);
  const candidates = live.length > 0 ? live : holding;
  if (candidates.length <= 1) return { lines: candidates, others: [] };
  if (ambiguous === 'refuse') throw severalLines(candidates, location);
  const widest = widestLine(candidates);
  const others = candidates.filter((line) => line !== widest).map((line) => line.name);
  return { lines: widest === undefined ? [] : [widest], others };
}

function covers({ buckets, excluded }: Selection, bucket: string): boolean {
  return (buckets === null || buckets.includes(bucket)) && !excluded.includes(bucket);
}

function severalLines(lines: readonly Line[], location: string): MangamotionError {
  const list = lines.map(({ name, newestTrusted }) => {
    const newest = newestTrusted === undefined ? 'no trusted backup' : `newest ${newestTrusted.id}`;
    return `\n  - ${name} (${newest})`;
  });
  return new MangamotionError(
    'usage',
    `${location} holds backups of ${countOf(lines.length, 'line')}:${list.join('')}`,
    { hint: 'Choose one with --line NAME, or with --bucket NAME for its buckets.' },
  );
}

/** Returns why a backup of the searched lines cannot be used. */
function whyNot(
  { entry, summary, untrusted }: LineBackup,
  backups: readonly BackupEntry[],
  { buckets = [] }: LineScope,
  wanted: Wanted,
): string | undefined {
  const missing = buckets.filter((name) => !summary.buckets.some((bucket) => bucket.name === name));
  if (missing.length > 0) return `it does not hold ${missing.join(', ')}`;
  if (wanted === 'redis' && summary.redis?.status !== 'complete') {
    return summary.redis === undefined
      ? 'it was made without Redis'
      : 'its keys of Redis are partial';
  }
  if (untrusted !== undefined) return untrusted;
  if (entry.expired) return 'it has expired';
  return missingArchive(entry, summary, backups);
}

/** Returns why a backup belongs to no line; `undefined` if it belongs to another one. */
function whyNotInLine(entry: BackupEntry, until: Date | undefined): string | undefined {
  if (!existedBy(entry, until)) return undefined;
  const { id, summary: decoded } = entry;
  if (decoded.kind === 'damaged') return decoded.reason;
  if (decoded.kind === 'newer') return `it has the newer format version ${decoded.version}`;
  return decoded.summary.id === id ? undefined : `its summary is that of ${decoded.summary.id}`;
}

/** Whether a backup is from `until` or before. For an unreadable summary the name decides. */
function existedBy({ id, summary }: BackupEntry, until: Date | undefined): boolean {
  if (until === undefined) return true;
  const createdMs =
    summary.kind === 'valid' ? Date.parse(summary.summary.created_at) : backupTimeOf(id).getTime();
  return createdMs <= until.getTime();
}
