import { countOf, formatCount } from '../count-of.js';
import type { BackupEntry } from './destination.js';
import { partOf } from './names.js';
import type { PartRecord, Summary } from './summary.js';

/** What summaries and listings tell of the parts of backups. Pure. */

/** Returns the records of the parts that were made for this backup, and not for an earlier one. */
export function ownPartsOf({ id, parts = [] }: Pick<Summary, 'id' | 'parts'>): PartRecord[] {
  return parts.filter((part) => partOf(part.id)?.backup === id);
}

/** Returns the records of all parts that a backup needs, by their ids. */
export function partRecordsOf({ parts = [] }: Pick<Summary, 'parts'>): Map<string, PartRecord> {
  return new Map(parts.map((part) => [part.id, part]));
}

/** Why a part cannot be read in full, as far as a listing shows. */
export interface UnfitPart {
  id: string;
  kind: 'archive_missing' | 'archive_length' | 'archive_cold';
  message: string;
}

/** Returns what is wrong with the parts that a backup needs; those in cold storage come last. */
export function unfitPartsOf({
  summary: decoded,
  partBytes,
  coldParts,
}: Pick<BackupEntry, 'summary' | 'partBytes' | 'coldParts'>): UnfitPart[] {
  const parts = decoded.kind === 'valid' ? decoded.summary.parts : undefined;
  if (parts === undefined) return [];
  const broken = parts.flatMap(({ id, archive_bytes: expected }): UnfitPart[] => {
    const bytes = partBytes?.get(id) ?? null;
    if (bytes === expected) return [];
    if (bytes === null) {
      return [{ id, kind: 'archive_missing', message: `the part ${id} is missing` }];
    }
    const found = countOf(bytes, 'byte');
    const message = `the part ${id} has ${found}, but the summary says ${formatCount(expected)}`;
    return [{ id, kind: 'archive_length', message }];
  });
  const cold = parts.flatMap(({ id }): UnfitPart[] =>
    coldParts?.has(id) === true
      ? [{ id, kind: 'archive_cold', message: `the part ${id} is in cold storage` }]
      : [],
  );
  return [...broken, ...cold];
}

/** A part that backups need, as the first of them tells it. */
export interface NeededPart {
  record: PartRecord;
  /** The size of its file; `null` if it is missing. */
  bytes: number | null;
  isCold: boolean;
  /** The backup that it was made for, if that is listed; otherwise the first one that needs it. */
  by: BackupEntry;
}

/** Returns each part that any of the backups needs, once, by its id. */
export function partsNeededBy(backups: readonly BackupEntry[]): Map<string, NeededPart> {
  const needed = new Map<string, NeededPart>();
  for (const by of backups) {
    if (by.summary.kind !== 'valid') continue;
    for (const record of by.summary.summary.parts ?? []) {
      const isOwn = partOf(record.id)?.backup === by.id;
      if (!isOwn && needed.has(record.id)) continue;
      const bytes = by.partBytes?.get(record.id) ?? null;
      const isCold = by.coldParts?.has(record.id) === true;
      needed.set(record.id, { record, bytes, isCold, by });
    }
  }
  return needed;
}

/** Returns the bytes that a backup takes at its destination: its archive, and the parts that are its own. */
export function storedBytesOf({
  id,
  archive_bytes: bytes,
  parts,
}: Pick<Summary, 'id' | 'archive_bytes' | 'parts'>): number {
  return ownPartsOf({ id, parts }).reduce((sum, part) => sum + part.archive_bytes, bytes);
}

/** Returns the bytes of a listed backup: those of its archive, and of the parts that are its own. */
export function bytesAtDestination({ id, archiveBytes, partBytes }: BackupEntry): number {
  let bytes = archiveBytes ?? 0;
  for (const [part, size] of partBytes ?? []) {
    if (partOf(part)?.backup === id) bytes += size ?? 0;
  }
  return bytes;
}

/** The sizes of parts, found once for all backups that name them, so that memory stays linear. */
export class PartSizes {
  readonly #maps = new WeakMap<readonly PartRecord[], ReadonlyMap<string, number | null>>();
  readonly #sizes = new Map<string, Promise<number | null>>();
  readonly #sizeOf: (file: string) => Promise<number | null>;

  /** `sizeOf`: the size of a file of the destination; `null` if it is missing. */
  constructor(sizeOf: (file: string) => Promise<number | null>) {
    this.#sizeOf = sizeOf;
  }

  /** Resolves to the sizes for an entry; to nothing if its summary names no parts. */
  async of({
    summary: decoded,
  }: Pick<BackupEntry, 'summary'>): Promise<Pick<BackupEntry, 'partBytes'>> {
    const parts = decoded.kind === 'valid' ? decoded.summary.parts : undefined;
    if (parts === undefined) return {};
    const known = this.#maps.get(parts);
    if (known !== undefined) return { partBytes: known };
    const partBytes = new Map<string, number | null>();
    for (const { id, archive } of parts) partBytes.set(id, await this.#size(archive.file));
    this.#maps.set(parts, partBytes);
    return { partBytes };
  }

  #size(file: string): Promise<number | null> {
    const size = this.#sizes.get(file) ?? this.#sizeOf(file);
    this.#sizes.set(file, size);
    return size;
  }
}
