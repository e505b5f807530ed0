import * as v from 'valibot';
import type { BackupEntry, Destination } from './destination.js';
import { partsNeededBy } from './parts.js';

/**
 * The record of when each part of each archive at a destination was last read and found intact. It
 * is a small file at the destination, so every host that verifies there continues where the last
 * one stopped. Losing it costs only time, because the parts then count as unread: it needs no lock, and
 * of two runs at once the later one's record stays.
 */

/** The name of the file. */
export const READINGS_FILE = '.mangamotion-verified.json';
/** A larger file is not ours. It has some 200 bytes for each archive and each part. */
const LARGEST_READINGS_BYTES = 64 * 1024 * 1024;
const FORMAT = 1;

/** When a part was last read: RFC 3339, `null` for never, or `damaged` when it was last read. */
export type ReadAt = string | null;
export const DAMAGED = 'damaged';

/** Consecutive parts of an archive that were last read at the same time. */
export interface Run {
  parts: number;
  bytes: number;
  read_at: ReadAt;
}

export interface ArchiveReadings {
  /** The SHA-256 of the directory that defined the parts. */
  directory: string;
  runs: Run[];
}

export interface Readings {
  /** When a run first wrote the record; RFC 3339. */
  begun_at: string;
  /** When the last run ended, which the next one takes as the start of its allowance. */
  ended_at: string;
  /** The allowance in bytes that the last run left. It is negative after a part that exceeded it. */
  allowance: number;
  /** By the id of the backup, or of the part. */
  archives: Map<string, ArchiveReadings>;
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const time = v.pipe(
  v.string(),
  v.check((text) => !Number.isNaN(Date.parse(text))),
);
const schema = v.object({
  format: v.literal(FORMAT),
  begun_at: time,
  ended_at: time,
  allowance: v.pipe(v.number(), v.finite()),
  archives: v.record(
    v.string(),
    v.object({
      directory: v.string(),
      runs: v.array(
        v.object({
          parts: count,
          bytes: count,
          read_at: v.nullable(v.union([v.literal(DAMAGED), time])),
        }),
      ),
    }),
  ),
});

/** Decodes the record; `undefined` if it is damaged or of a newer version. */
function decodeReadings(bytes: Buffer): Readings | undefined {
  const parsed = v.safeParse(schema, parseJson(bytes));
  if (!parsed.success) return undefined;
  const { begun_at, ended_at, allowance, archives } = parsed.output;
  return { begun_at, ended_at, allowance, archives: new Map(Object.entries(archives)) };
}

/** Reads the record; `undefined` if there is none that can be used. Rejects as the destination does. */
export async function readReadings(
  destination: Pick<Destination, 'readNote'>,
): Promise<Readings | undefined> {
  const bytes = await destination.readNote(READINGS_FILE, LARGEST_READINGS_BYTES);
  return bytes === undefined ? undefined : decodeReadings(bytes);
}

export function encodeReadings({ archives, ...rest }: Readings): string {
  const file: v.InferOutput<typeof schema> = {
    format: FORMAT,
    ...rest,
    archives: Object.fromEntries(archives),
  };
  return `${JSON.stringify(file)}\n`;
}

/**
 * Returns when each of the archive's parts was read. If the record is of other parts, none was: an
 * archive of the same name has replaced the one that was read.
 */
export function timesOf(
  record: ArchiveReadings | undefined,
  { directory, parts }: { directory: string; parts: number },
): ReadAt[] {
  const runs = record?.directory === directory ? record.runs : [];
  const isSame = runs.reduce((sum, run) => sum + run.parts, 0) === parts;
  if (!isSame) return Array.from({ length: parts }, () => null);
  return runs.flatMap((run) => Array.from({ length: run.parts }, () => run.read_at));
}

export function runsOf(parts: readonly { bytes: number; read_at: ReadAt }[]): Run[] {
  const runs: Run[] = [];
  for (const { bytes, read_at } of parts) {
    const last = runs.at(-1);
    if (last?.read_at === read_at) {
      last.parts += 1;
      last.bytes += bytes;
    } else runs.push({ parts: 1, bytes, read_at });
  }
  return runs;
}

/** What of a destination was read within a period. */
export interface Coverage {
  /** The sum of all archives, with the parts that backups need. */
  total_bytes: number;
  read_bytes: number;
  /** What was last read, or written if it was never read, longer ago than the period. */
  overdue_bytes: number;
  /** What was damaged when it was last read. */
  damaged_bytes: number;
  /** When the part was read that has been unread for the longest time; `null` if one was never read. */
  oldest_read_at: string | null;
}

export function coverageOf(
  backups: readonly BackupEntry[],
  readings: Readings | undefined,
  { now, withinMs }: { now: Date; withinMs: number },
): Coverage {
  const coverage: Coverage = {
    ...{ total_bytes: 0, read_bytes: 0, overdue_bytes: 0, damaged_bytes: 0 },
    oldest_read_at: null,
  };
  let oldestMs = backups.length === 0 ? -Infinity : Infinity;
  const archives = [
    ...backups.map((backup) => ({ ...backup, written: backup })),
    ...[...partsNeededBy(backups)].map(([id, { bytes, by }]) => ({
      ...{ id, archiveBytes: bytes, written: by },
    })),
  ];
  for (const { id, archiveBytes, written } of archives) {
    const bytes = archiveBytes ?? 0;
    const writtenMs = writtenAtMs(written);
    const unread: Run = { parts: 1, bytes, read_at: null };
    for (const run of readings?.archives.get(id)?.runs ?? [unread]) {
      const readMs = readAtMs(run.read_at, now.getTime());
      const isWithin = (ms: number) => now.getTime() - ms <= withinMs;
      if (readMs !== undefined && isWithin(readMs)) coverage.read_bytes += run.bytes;
      else if (!isWithin(readMs ?? writtenMs)) coverage.overdue_bytes += run.bytes;
      if (run.read_at === DAMAGED) coverage.damaged_bytes += run.bytes;
      oldestMs = Math.min(oldestMs, readMs ?? -Infinity);
    }
    coverage.total_bytes += bytes;
  }
  if (Number.isFinite(oldestMs)) coverage.oldest_read_at = new Date(oldestMs).toISOString();
  return coverage;
}

/**
 * Returns when a part was last read and found intact. A time in the future proves nothing, because a
 * clock is wrong: the part counts as unread.
 */
export function readAtMs(read_at: ReadAt, nowMs: number): number | undefined {
  const ms = read_at === null || read_at === DAMAGED ? NaN : Date.parse(read_at);
  return ms <= nowMs ? ms : undefined;
}

/** A backup of unknown age counts as old. */
export function writtenAtMs({ summary }: Pick<BackupEntry, 'summary'>): number {
  return summary.kind === 'valid' ? Date.parse(summary.summary.created_at) : 0;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
