import { MangamotionError } from '../errors.js';
import type { ListedBackup } from './destination.js';
import { missingArchive } from './history.js';
import type { Selection } from './lines/line-keys.js';
import { type Line, type LineBackup, holdsObjects, lineNamed, linesOf } from './lines/lines.js';
import { backupTimeOf } from './names.js';
import { widestLine } from './lines/widest.js';

export interface Choice {
  backup: ListedBackup;
  /** The line that it is of. */
  line: string;
  /** The names of the other lines that could have been meant, and were not searched. */
  otherLines: string[];
  /** The newer ones that were not taken, newest first; not those that were never meant. */
  passedOver: { id: string; reason: string }[];
}

/** What a backup must hold to be chosen; all of them hold the documents of buckets. */
export type Wanted = 'objects' | 'documents';

/** Which lines are meant, where there are several. */
export interface LineScope {
  /** This one; by its name. */
  line?: string | undefined;
  /** With no line named: any line may be chosen, for a backup that has all these buckets. */
  buckets?: readonly string[] | undefined;
  /** If neither decides: whether to take the line with the widest selection, or to refuse. */
  ambiguous?: 'refuse' | 'widest' | undefined;
}

/**
 * The newest trusted backup that holds what is wanted and whose archives are there; with `until`, of
 * those created at that instant or before. Newest is by sequence, as listed: where the clock went
 * back, the one that was made last is taken.
 *
 * Throws `not_found` where there is none, and `usage` where several lines could be meant and that is
 * to be refused.
 */
export function chooseBackup(
  backups: readonly ListedBackup[],
  until: Date | undefined,
  location: string,
  wanted: Wanted = 'objects',
  scope: LineScope = {},
): Choice {
  const meant = (line: Line): LineBackup[] =>
    line.backups.filter(
      ({ listed, summary }) =>
        isBy(listed, until) && (wanted === 'documents' || holdsObjects(summary)),
    );
  const { lines, others } = linesMeant(linesOf(backups), meant, location, scope);
  const byId = new Map(
    lines.flatMap((line) => meant(line).map((member) => [member.id, { line, member }] as const)),
  );
  const passedOver: Choice['passedOver'] = [];
  for (const backup of backups.toReversed()) {
    const found = byId.get(backup.id);
    const reason =
      found === undefined ? whyUnknown(backup, until) : whyNot(found.member, backups, scope);
    if (reason !== undefined) passedOver.push({ id: backup.id, reason });
    else if (found !== undefined) {
      return { backup, line: found.line.name, otherLines: others, passedOver };
    }
  }
  const buckets = scope.buckets ?? [];
  const what =
    buckets.length === 0 ? 'complete backup' : `complete backup with ${buckets.join(', ')}`;
  const [newest] = passedOver;
  const when = until === undefined ? '' : ` made by ${until.toISOString()}`;
  const why =
    newest === undefined ? '' : `; the newest, ${newest.id}, cannot be used: ${newest.reason}`;
  const elsewhere =
    others.length === 0
      ? ''
      : ` Without --line, other lines are not searched: ${others.join(', ')}.`;
  throw new MangamotionError('not_found', `no ${what}${when} in ${location}${why}`, {
    hint: `See what there is with "mangamotion backup list ${location}", and name one by its path.${elsewhere}`,
  });
}

/** Lines that ended are meant only by their name, by a bucket, or where there are no others. */
function linesMeant(
  all: readonly Line[],
  meant: (line: Line) => readonly LineBackup[],
  location: string,
  { line: name, buckets = [], ambiguous = 'refuse' }: LineScope,
): { lines: readonly Line[]; others: string[] } {
  if (name !== undefined) return { lines: [lineNamed(all, name)], others: [] };
  if (buckets.length > 0) {
    const covering = all.filter(({ selection }) => buckets.every((one) => covers(selection, one)));
    return { lines: covering, others: [] };
  }
  const holding = all.filter((line) => meant(line).length > 0);
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
    `${location} holds backups of ${lines.length} lines:${list.join('')}`,
    { hint: 'Choose one with --line NAME, or with --bucket NAME for its buckets.' },
  );
}

/** Returns why a backup of the selected lines was not chosen. */
function whyNot(
  { id, listed, summary, untrusted }: LineBackup,
  backups: readonly ListedBackup[],
  { buckets = [] }: LineScope,
): string | undefined {
  const missing = buckets.filter((name) => !summary.buckets.some((bucket) => bucket.name === name));
  if (missing.length > 0) return `it does not hold ${missing.join(', ')}`;
  if (untrusted !== undefined) return untrusted;
  if (listed.expired) return 'it has expired';
  return missingArchive([id, ...summary.references], backups);
}

/** Returns why a backup is in no line; `undefined` where it is in another line. */
function whyUnknown(
  { id, summary: decoded, ...listed }: ListedBackup,
  until: Date | undefined,
): string | undefined {
  if (!isBy({ id, summary: decoded, ...listed }, until)) return undefined;
  if (decoded.kind === 'damaged') return decoded.reason;
  if (decoded.kind === 'newer') return `it has the newer format version ${decoded.version}`;
  return decoded.summary.id === id ? undefined : `its summary is that of ${decoded.summary.id}`;
}

/**
 * Whether a backup existed at an instant. If the summary cannot be read, the time comes from the name.
 */
function isBy({ id, summary }: ListedBackup, until: Date | undefined): boolean {
  if (until === undefined) return true;
  const createdMs =
    summary.kind === 'valid' ? Date.parse(summary.summary.created_at) : backupTimeOf(id).getTime();
  return createdMs <= until.getTime();
}
