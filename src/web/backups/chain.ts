import type { BackupDocument, DestinationDocument } from '../data/backup-documents.js';
import { formatBytes } from '../text/numbers.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const BACKUP_ID =
  /^minio_backup_(full|incremental|metadata)_(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)$/;

/** A backup on the timeline. */
export interface ChainItem {
  id: string;
  type: string;
  /** `missing`: others refer to it, or its archive is gone. */
  state: 'complete' | 'partial' | 'suspect' | 'missing' | 'damaged' | 'legacy' | 'unknown';
  /** RFC 3339. */
  at: string;
  /** In the range, in per cent. */
  x: number;
  /** Of the archive; `undefined` if not known. */
  bytes: number | undefined;
  /** `undefined` if it is not there at all. */
  backup: BackupDocument | undefined;
}

/** Returns the time in the id of a backup, RFC 3339; `undefined` if it has none. */
export function timeInId(id: string): string | undefined {
  const [, , year, month, day, hour, minute, second] = BACKUP_ID.exec(id) ?? [];
  if (year === undefined) return undefined;
  const text = `${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
  return Number.isNaN(Date.parse(text)) ? undefined : text;
}

/** What all ids begin with. */
export const ID_PREFIX = 'minio_backup_';

/** `full_20261124_011000` */
export function shortId(id: string): string {
  return id.startsWith(ID_PREFIX) ? id.slice(ID_PREFIX.length) : id;
}

/** Returns the backups of the last `days` days, the newest first, with those that are missing. */
export function chainOf(
  { list, status }: Pick<DestinationDocument, 'list' | 'status'>,
  days: number,
  now: Date,
): ChainItem[] {
  const backups = list?.backups ?? [];
  const ids = new Set(backups.map(({ id }) => id));
  const gone = new Set(
    (status?.chains.problems ?? [])
      .filter(({ kind }) => kind === 'archive_missing')
      .map(({ id }) => id),
  );
  const named = backups.flatMap((backup) => ('references' in backup ? backup.references : []));
  const missing = [...new Set(named)].filter((id) => !ids.has(id));
  const since = now.getTime() - days * DAY_MS;
  const item = (id: string, backup: BackupDocument | undefined): ChainItem[] => {
    const created = backup !== undefined && 'created_at' in backup ? backup.created_at : null;
    const at = created ?? timeInId(id);
    if (at === undefined) return [];
    const x = ((Date.parse(at) - since) / (days * DAY_MS)) * 100;
    if (Number.isNaN(x) || x < 0) return [];
    const isMissing = backup === undefined || gone.has(id);
    return [
      {
        ...{ id, type: BACKUP_ID.exec(id)?.[1] ?? 'unknown', at, x: Math.min(100, x), backup },
        state: isMissing ? 'missing' : backup.status,
        bytes:
          backup !== undefined && 'archive_bytes' in backup
            ? (('stored_bytes' in backup ? backup.stored_bytes : undefined) ??
              backup.archive_bytes ??
              undefined)
            : undefined,
      },
    ];
  };
  return [
    ...backups.flatMap((backup) => item(backup.id, backup)),
    ...missing.flatMap((id) => item(id, undefined)),
  ].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
}

interface GrowthPoint {
  at: string;
  bytes: number;
  /** In per cent of the time, and of the height from the top. */
  x: number;
  y: number;
}

export interface GrowthChart {
  points: readonly GrowthPoint[];
  /** The ends of the axis, in bytes. It does not begin at zero. */
  low: number;
  high: number;
}

/** Returns the sizes of fulls by time; `undefined` for fewer than two. Takes the newest first. */
export function growthOf(items: readonly ChainItem[]): GrowthChart | undefined {
  const fulls = items
    .filter(({ type, state }) => type === 'full' && state !== 'missing')
    .flatMap(({ at, bytes }) => (bytes === undefined ? [] : [{ at, bytes }]))
    .reverse();
  const [first] = fulls;
  const last = fulls.at(-1);
  if (first === undefined || last === undefined || fulls.length < 2) return undefined;
  const sizes = fulls.map(({ bytes }) => bytes);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const margin = Math.max((most - least) * 0.1, most * 0.01, 1);
  const [low, high] = [Math.max(0, least - margin), most + margin];
  const start = Date.parse(first.at);
  const span = Math.max(1, Date.parse(last.at) - start);
  const points = fulls.map(({ at, bytes }) => ({
    ...{ at, bytes },
    x: ((Date.parse(at) - start) / span) * 96 + 2,
    y: ((high - bytes) / (high - low)) * 100,
  }));
  return { points, low, high };
}

/** Returns the unit of the axis. */
export function unitOf(bytes: number): string {
  return formatBytes(Math.round(bytes)).split(' ')[1] ?? 'B';
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** Returns the labels of the axis in its unit, the upper one first. They differ. */
export function ticksOf({ low, high }: Pick<GrowthChart, 'low' | 'high'>): [string, string] {
  const scale = 1024 ** Math.max(0, UNITS.indexOf(unitOf(high)));
  const [upper, lower] = [high / scale, low / scale];
  const digits = [0, 1, 2, 3].find((count) => upper.toFixed(count) !== lower.toFixed(count)) ?? 3;
  return [upper.toFixed(digits), lower.toFixed(digits)];
}
