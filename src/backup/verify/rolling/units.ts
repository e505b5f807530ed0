import { isDeepStrictEqual } from 'node:util';
import type { BackupEntry } from '../../../repository/destination.js';
import { partsNeededBy } from '../../../repository/parts.js';
import { writtenAtMs } from '../../../repository/readings.js';
import type { Summary } from '../../../repository/summary.js';

/** An archive that is read piece by piece: that of a backup, or a part. Pure. */
export interface Unit {
  /** The id of the backup or of the part. */
  id: string;
  /** The size of its file; `null` if it is missing. */
  archiveBytes: number | null;
  isCold: boolean;
  writtenMs: number;
  /** What a summary says of the archive. */
  stored: Pick<Summary, 'archive_bytes' | 'archive' | 'encryption'>;
  /** The summary of the backup, with which its directory is compared; `undefined` for a part. */
  summary: Summary | undefined;
  /** The backup that needs it: without that, it may be gone. */
  neededBy: string;
}

export function unitOf(entry: BackupEntry, summary: Summary): Unit {
  const { id, archiveBytes, cold } = entry;
  return {
    ...{ id, archiveBytes, isCold: cold === true, writtenMs: writtenAtMs(entry) },
    ...{ stored: summary, summary, neededBy: id },
  };
}

/** Returns the parts that the backups need, each once. */
export function partUnitsOf(backups: readonly BackupEntry[]): Unit[] {
  return [...partsNeededBy(backups)].flatMap(([id, { record, bytes, isCold, by }]) => {
    if (by.summary.kind !== 'valid') return [];
    const { encryption } = by.summary.summary;
    const stored = { ...record, encryption };
    return [
      {
        ...{ id, archiveBytes: bytes, isCold, writtenMs: writtenAtMs(by) },
        ...{ stored, summary: undefined, neededBy: by.id },
      },
    ];
  });
}

/** Returns the backups of which the records of parts are other ones than those of earlier backups. */
export function contradictions(
  backups: readonly BackupEntry[],
): { id: string; part: string; by: string }[] {
  const needed = partsNeededBy(backups);
  return backups.flatMap(({ id, summary }) => {
    const parts = summary.kind === 'valid' ? (summary.summary.parts ?? []) : [];
    const wrong = parts.find((part) => {
      const known = needed.get(part.id)?.record;
      return known !== part && !isDeepStrictEqual(known, part);
    });
    return wrong === undefined
      ? []
      : [{ id, part: wrong.id, by: needed.get(wrong.id)?.by.id ?? '' }];
  });
}
