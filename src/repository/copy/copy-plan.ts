import { isDeepStrictEqual } from 'node:util';
import { encryptedOf } from '../archives.js';
import { referrers } from '../chain.js';
import type { BackupEntry } from '../destination.js';
import { bySequence } from '../history.js';
import { linesOf } from '../lines/lines.js';
import {
  ARCHIVE_SUFFIX,
  ENCRYPTED_SUFFIX,
  SIDECAR_SUFFIX,
  SIGNATURE_SUFFIX,
  SUMMARY_SUFFIX,
  archiveNamesOf,
  partOf,
} from '../names.js';
import { partRecordsOf, unfitPartsOf } from '../parts.js';
import { PARTIAL_SUFFIX } from '../../files/sync.js';
import { isEncryptedCopy } from './encrypting-copy.js';
import type { PartRecord, Summary } from '../summary.js';

/** Decides which backups are copied, in which order, and what is in the way. Pure. */

/** What a copy has to do for a backup. */
type Task =
  /** It is not at the target. */
  | 'copy'
  /** Its summary is at the target, but its archive is missing there or has another length. */
  | 'repair'
  | 'present';

/** Why a backup cannot be copied. */
interface Obstacle {
  code: 'damaged' | 'refused' | 'not_found';
  reason: string;
}

/** A part that is copied before the backup that needs it. */
export interface PlannedPart {
  record: PartRecord;
  /** Whether a file of its name and length is at the target. */
  isThere: boolean;
}

export interface PlannedCopy {
  id: string;
  /** Why it is copied: `chosen`, or which backup needs it. */
  why: string;
  entry: BackupEntry;
  /** The backup of this name at the target. */
  there: BackupEntry | undefined;
  /** Absent if the summary cannot be read. */
  summary: Summary | undefined;
  task: Task;
  /** The parts that it needs, and that no backup before it brings. */
  parts: PlannedPart[];
  /** Which ends have a signature of it. */
  signed: { source: boolean; target: boolean };
  obstacle: Obstacle | undefined;
}

export interface CopyEnds {
  source: readonly BackupEntry[];
  target: readonly BackupEntry[];
  /** The names of all files at the target, with the lengths of at least the sidecars in bytes. */
  targetNames: ReadonlyMap<string, number | undefined>;
  /** The names of all files at the source. */
  sourceNames: ReadonlyMap<string, unknown>;
  /** Whether the target can hold plain folders. */
  holdsFolders: boolean;
}

/**
 * Returns the chosen backups and those that they need, in an order in which each comes after what it
 * refers to. A chosen backup that the source does not list has an obstacle.
 */
export function planCopies(chosen: readonly string[], ends: CopyEnds): PlannedCopy[] {
  const byId = new Map(ends.source.map((entry) => [entry.id, entry]));
  const why = reasonsFor(chosen, ends);
  const there = new Map(ends.target.map((entry) => [entry.id, entry]));
  const entries = [...why.keys()].map(
    (id): BackupEntry =>
      byId.get(id) ?? {
        id,
        summary: { kind: 'damaged', reason: MISSING },
        archiveBytes: null,
        expired: false,
      },
  );
  const brought = new Set<string>();
  return referencesFirst(entries.sort(bySequence)).map((entry) => {
    const summary = entry.summary.kind === 'valid' ? entry.summary.summary : undefined;
    const at = there.get(entry.id);
    const task = taskFor(entry, at, ends);
    const obstacle =
      forged(entry) ??
      obstacleAtTarget(entry, at, ends) ??
      (task === 'present' ? undefined : obstacleAtSource(entry, ends));
    const parts = obstacle === undefined ? plannedParts(summary, at, ends, brought) : [];
    const reason = why.get(entry.id) ?? 'chosen';
    const signature = entry.id + SIGNATURE_SUFFIX;
    const signed = {
      source: ends.sourceNames.has(signature),
      target: ends.targetNames.has(signature),
    };
    const known = { id: entry.id, why: reason, entry, there: at, summary };
    return { ...known, task, parts, signed, obstacle };
  });
}

const MISSING = 'it is missing at the source';

/** Maps each backup to be copied to the reason. */
function reasonsFor(chosen: readonly string[], ends: CopyEnds): Map<string, string> {
  const why = new Map(chosen.map((id) => [id, 'chosen']));
  const addNeeded = (): void => {
    const needed = referrers(ends.source, [...why.keys()]);
    for (const [id, [by]] of needed) {
      if (partOf(id) === undefined && !why.has(id)) why.set(id, `needed by ${by ?? ''}`);
    }
  };
  addNeeded();
  for (const [id, trusted] of missingSuspects([...why.keys()], ends)) {
    if (!why.has(id)) why.set(id, `${trusted} is not trusted because of it`);
  }
  addNeeded();
  return why;
}

/**
 * Maps each suspect that has to be copied too, to the backup that would be trusted without it: summaries
 * do not all say what they were compared with.
 */
function missingSuspects(
  ids: readonly string[],
  { source, target }: CopyEnds,
): Map<string, string> {
  const suspects = new Map<string, string>();
  for (;;) {
    const before = suspects.size;
    const taken = new Set([...ids, ...suspects.keys()]);
    const there = new Set(target.map(({ id }) => id));
    const added = source.filter(({ id }) => taken.has(id) && !there.has(id));
    const afterwards = [...target, ...added].sort(bySequence);
    const trusted = new Set(linesOf(afterwards).flatMap((line) => [...line.trusted]));
    for (const { backups } of linesOf(source)) {
      for (const [index, { id, untrusted }] of backups.entries()) {
        if (untrusted === undefined || !taken.has(id) || !trusted.has(id)) continue;
        for (const { id: suspect, summary } of backups.slice(0, index)) {
          if (summary.status === 'suspect' && !taken.has(suspect)) suspects.set(suspect, id);
        }
      }
    }
    if (suspects.size === before) return suspects;
  }
}

/** Sorts backups so that each comes after those it refers to, and otherwise keeps their order. */
function referencesFirst(entries: readonly BackupEntry[]): BackupEntry[] {
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  const ordered = new Set<BackupEntry>();
  const begun = new Set<string>();
  const place = (entry: BackupEntry): void => {
    if (begun.has(entry.id)) return;
    begun.add(entry.id);
    const { summary } = entry;
    for (const id of summary.kind === 'valid' ? summary.summary.references : []) {
      const needed = byId.get(id);
      if (needed !== undefined) place(needed);
    }
    ordered.add(entry);
  };
  for (const entry of entries) place(entry);
  return [...ordered];
}

function taskFor(entry: BackupEntry, at: BackupEntry | undefined, { targetNames }: CopyEnds): Task {
  if (at === undefined) return 'copy';
  const isWhole =
    at.summary.kind === 'valid' &&
    at.archiveBytes === at.summary.summary.archive_bytes &&
    hasSidecar(at.summary.summary, targetNames) &&
    hasParts(at.summary.summary, targetNames);
  return isWhole && entry.summary.kind === 'valid' ? 'present' : 'repair';
}

/** Whether the sidecar of an encrypted backup has its length. Others have none. */
function hasSidecar(
  summary: Pick<Summary, 'id' | 'encryption'>,
  targetNames: CopyEnds['targetNames'],
): boolean {
  if (summary.encryption === undefined) return true;
  const bytes = encryptedOf(summary, summary.id)?.record.index.bytes;
  return bytes !== undefined && targetNames.get(summary.id + SIDECAR_SUFFIX) === bytes;
}

/** Whether all parts that a backup at the target needs are there. */
function hasParts(summary: Summary, targetNames: CopyEnds['targetNames']): boolean {
  return (summary.parts ?? []).every((part) => isPartThere(part, summary, targetNames));
}

/** Whether the file of a part has its length, and its sidecar, if the backup is encrypted. */
function isPartThere(
  { id, archive_bytes: bytes, archive }: PartRecord,
  { encryption }: Pick<Summary, 'encryption'>,
  targetNames: CopyEnds['targetNames'],
): boolean {
  return targetNames.get(archive.file) === bytes && hasSidecar({ id, encryption }, targetNames);
}

/** Adds the parts of the backup to `brought`, and returns those that were not among them. */
function plannedParts(
  summary: Summary | undefined,
  at: BackupEntry | undefined,
  { targetNames }: CopyEnds,
  brought: Set<string>,
): PlannedPart[] {
  const stored = at?.summary.kind === 'valid' ? at.summary.summary : summary;
  const atTarget = partRecordsOf(stored ?? {});
  return (summary?.parts ?? []).flatMap((record) => {
    if (brought.has(record.id)) return [];
    brought.add(record.id);
    const there = atTarget.get(record.id) ?? record;
    const isThere =
      isPartThere(there, stored ?? {}, targetNames) ||
      // An encrypted copy of what is not encrypted has another length, which its manifest tells.
      (summary?.encryption === undefined &&
        targetNames.has(record.id + SUMMARY_SUFFIX) &&
        targetNames.has(record.id + ENCRYPTED_SUFFIX));
    return [{ record, isThere }];
  });
}

/** A summary is not believed if it names files other than those of its backup. */
function forged({ id, summary: decoded }: BackupEntry): Obstacle | undefined {
  if (decoded.kind !== 'valid') return undefined;
  const { summary } = decoded;
  if (summary.id !== id) {
    return { code: 'damaged', reason: `its summary is that of ${summary.id}` };
  }
  if (archiveNamesOf(id).includes(summary.archive.file)) {
    const suffix = summary.encryption === undefined ? ARCHIVE_SUFFIX : ENCRYPTED_SUFFIX;
    const wrong = summary.parts?.find((part) => part.archive.file !== part.id + suffix);
    if (wrong === undefined) return undefined;
    return {
      code: 'damaged',
      reason: `its summary names ${wrong.archive.file}, which is no such part`,
    };
  }
  return { code: 'damaged', reason: 'its summary names the archive of another backup' };
}

function obstacleAtTarget(
  { id, summary: decoded }: BackupEntry,
  at: BackupEntry | undefined,
  { targetNames, holdsFolders }: CopyEnds,
): Obstacle | undefined {
  if (decoded.kind !== 'valid') return undefined;
  const { summary } = decoded;
  if (at === undefined) return stranger(id, targetNames);
  if (at.summary.kind !== 'valid') {
    const what = at.summary.kind === 'damaged' ? at.summary.reason : 'a newer version wrote it';
    return refused(`the target has a backup of this name that cannot be read: ${what}`);
  }
  const isSame =
    isDeepStrictEqual(at.summary.summary, summary) || isEncryptedCopy(at.summary.summary, summary);
  if (!isSame) {
    return refused('the target has a different backup of this name, which stays as it is');
  }
  if (at.archiveBytes !== null && isFolder(summary) && holdsFolders) {
    const isWhole = at.archiveBytes === summary.archive_bytes;
    if (!isWhole) return refused('its folder at the target is not whole: remove it there first');
  }
  return undefined;
}

/** An archive without a summary, and without the mark of an interrupted run, is somebody else's. */
function stranger(id: string, names: ReadonlyMap<string, unknown>): Obstacle | undefined {
  if (names.has(id + SUMMARY_SUFFIX + PARTIAL_SUFFIX)) return undefined;
  const found = archiveNamesOf(id).find((name) => names.has(name));
  if (found === undefined) return undefined;
  return refused(`the target has ${found} without a summary, and no run of this program left it`);
}

function obstacleAtSource(entry: BackupEntry, ends: CopyEnds): Obstacle | undefined {
  const { summary: decoded, archiveBytes, cold } = entry;
  const { holdsFolders, targetNames } = ends;
  if (decoded.kind === 'newer') {
    return refused(`a newer version of mangamotion wrote it (format ${decoded.version})`);
  }
  if (decoded.kind === 'damaged') {
    if (decoded.reason === MISSING) return { code: 'not_found', reason: MISSING };
    return { code: 'damaged', reason: decoded.reason };
  }
  const { summary } = decoded;
  if (archiveBytes === null) return { code: 'damaged', reason: 'its archive is missing' };
  if (archiveBytes !== summary.archive_bytes) {
    const reason = 'its archive does not have the length in its summary';
    return { code: 'damaged', reason };
  }
  if (cold === true) {
    return refused('its archive is in cold storage: restore it in the store first (RestoreObject)');
  }
  const records = partRecordsOf(summary);
  for (const { id, kind, message } of unfitPartsOf(entry)) {
    const record = records.get(id);
    if (record !== undefined && isPartThere(record, summary, targetNames)) continue;
    if (kind === 'archive_cold')
      return refused(`${message}: restore it in the store first (RestoreObject)`);
    return { code: 'damaged', reason: message };
  }
  if (isFolder(summary) && !holdsFolders) {
    return refused('its archive is a plain folder, which only a folder on this machine can hold');
  }
  return undefined;
}

/** Whether the archive is a plain folder (BACKUP_COMPRESSION=false), and not a tar.gz. */
export function isFolder({ id, archive }: Pick<Summary, 'id' | 'archive'>): boolean {
  return archive.file === id;
}

function refused(reason: string): Obstacle {
  return { code: 'refused', reason };
}
