import { referrers } from '../../repository/chain.js';
import type { BackupEntry, Destination } from '../../repository/destination.js';
import { whySidecarUnfit } from '../../repository/history.js';
import type { LegacyBackup } from '../../repository/legacy/legacy-backup.js';
import { linesOf } from '../../repository/lines/lines.js';
import { withOwnLock } from '../../repository/lock-record.js';
import { partOf } from '../../repository/names.js';
import { unfitPartsOf } from '../../repository/parts.js';
import { type Readings, readReadings } from '../../repository/readings.js';
import type { Summary } from '../../repository/summary.js';
import { storedBytesOf } from '../../repository/parts.js';
import { legacyDocument } from './legacy.js';

/** What a destination holds. */
export interface DestinationContent {
  location: string;
  /** Sorted by sequence. */
  backups: BackupEntry[];
  legacy: LegacyBackup[];
  /** What `backup verify --within` has read; `undefined` if it never ran. */
  readings?: Readings | undefined;
}

export async function readContent(destination: Destination): Promise<DestinationContent> {
  const backups = await destination.list();
  const legacy = (await destination.listLegacy?.()) ?? [];
  const { location } = destination;
  return { location, backups, legacy, readings: await readReadings(destination) };
}

/** A row of `backup list`. */
export interface BackupRow {
  id: string;
  /** The status in the summary; or what is wrong with it; or `legacy`. */
  status: string;
  summary: Summary | undefined;
  /** A signature lies beside its summary. It was not checked. */
  hasSignature?: boolean;
  /** Present if backup-minio.sh made it. */
  legacy?: LegacyBackup;
  problem: string | undefined;
  /** The backups that still refer to it; `undefined` unless it has expired. */
  keptBecause: string[] | undefined;
  /** The name of its line; `undefined` if its summary cannot be read. */
  line?: string | undefined;
  /** Why it is not trusted, so that --latest skips it. */
  untrusted?: string | undefined;
  accepted?: boolean;
  /** Its archive, or a part that it needs, is in cold storage. */
  cold?: boolean;
}

interface ListedBackups {
  rows: BackupRow[];
  /** Lines whose retention a suspect backup suspends. */
  suspended: { line: string; by: string }[];
}

export function listBackups({ location, backups, legacy }: DestinationContent): ListedBackups {
  const current = backups.filter(({ expired }) => !expired).map(({ id }) => id);
  const neededBy = referrers(backups, current);
  const lines = linesOf(backups);
  const members = new Map(
    lines.flatMap(({ name: line, backups: own }) =>
      own.map(({ id, untrusted }) => [id, { line, untrusted }] as const),
    ),
  );
  const rows = [
    ...legacy.map(toLegacyRow),
    ...backups.map((backup) => ({
      ...toRow(backup, location),
      ...members.get(backup.id),
      hasSignature: backup.hasSignature === true,
      accepted: backup.accepted === true,
      cold: backup.cold === true || backup.coldParts !== undefined,
      keptBecause: backup.expired ? (neededBy.get(backup.id) ?? []) : undefined,
    })),
  ];
  const suspended = lines.flatMap(({ name: line, suspendedBy: by }) =>
    by === undefined ? [] : [{ line, by }],
  );
  return { rows, suspended };
}

export function backupDocument({
  id,
  status,
  summary,
  problem,
  keptBecause,
  legacy: found,
  ...row
}: BackupRow) {
  return {
    ...(summary === undefined ? { id, status } : withoutParts(summary)),
    ...(row.line === undefined ? {} : { line: row.line, trusted: row.untrusted === undefined }),
    ...(row.untrusted === undefined ? {} : { untrusted_because: row.untrusted }),
    ...(row.accepted === true ? { accepted: true } : {}),
    ...(row.hasSignature === true ? { has_signature: true } : {}),
    ...(row.cold === true ? { cold: true } : {}),
    ...(found === undefined ? {} : legacyDocument(found)),
    ...(problem === undefined ? {} : { problem }),
    ...(keptBecause === undefined ? {} : { expired: true, kept_because: keptBecause }),
  };
}

/**
 * Returns a summary for a list. Each backup of a chain may name thousands of parts: a list counts them,
 * and `backup show` names them.
 */
function withoutParts(summary: Summary) {
  const { parts, ...rest } = summary;
  if (parts === undefined) return rest;
  const { references, encryption } = summary;
  const ofBackups = (id: string) => partOf(id) === undefined;
  const archives = Object.entries(encryption?.archives ?? {}).filter(([id]) => ofBackups(id));
  return {
    ...rest,
    references: references.filter(ofBackups),
    ...(encryption === undefined
      ? {}
      : { encryption: { ...encryption, archives: Object.fromEntries(archives) } }),
    part_count: parts.length,
    stored_bytes: storedBytesOf(summary),
  };
}

function toLegacyRow(legacy: LegacyBackup): BackupRow {
  const unknown = { summary: undefined, problem: undefined, keptBecause: undefined };
  return { id: legacy.id, status: 'legacy', legacy, ...unknown };
}

function toRow(backup: BackupEntry, location: string): Omit<BackupRow, 'keptBecause'> {
  const { id, summary, archiveBytes } = backup;
  switch (summary.kind) {
    case 'damaged':
      return { id, status: 'damaged', summary: undefined, problem: summary.reason };
    case 'newer': {
      const problem = `format version ${summary.version} is newer than this program`;
      return { id, status: 'unknown', summary: undefined, problem };
    }
    case 'valid': {
      const problem =
        archiveBytes === null
          ? 'its archive is missing'
          : archiveBytes !== summary.summary.archive_bytes
            ? 'its archive does not have the length that its summary says'
            : (unfitPartsOf(backup).find(({ kind }) => kind !== 'archive_cold')?.message ??
              whySidecarUnfit(backup));
      const shown = withOwnLock(location, summary.summary);
      return { id, status: shown.status, summary: shown, problem };
    }
  }
}
