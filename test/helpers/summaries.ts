import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FORMAT_VERSION } from '../../src/archive/footer.js';
import type { BackupEntry } from '../../src/repository/destination.js';
import { type BackupType, backupIdFor } from '../../src/repository/names.js';
import type { Summary } from '../../src/repository/summary.js';
import { encodeSummary } from '../../src/repository/summary-codec.js';

/** Backups that are nothing but a summary and so many bytes: all that retention looks at. */

export interface Made {
  lock?: Summary['lock'];
  /** RFC 3339; also the name is made of it. */
  at: string;
  sequence: number;
  type?: BackupType;
  status?: Summary['status'];
  references?: readonly string[];
  archiveBytes?: number;
  destination?: string;
  parent?: string;
  source?: Partial<Summary['source']>;
  supersedes?: boolean;
  guard?: Summary['guard'];
  /** Names of the buckets that it holds. */
  buckets?: readonly string[];
}

export function idAt(at: string, type: BackupType = 'full'): string {
  return backupIdFor(type, new Date(at));
}

export function summaryOf(made: Made): Summary {
  const { at, sequence, type = 'full', status = 'complete', archiveBytes = 100 } = made;
  const id = idAt(at, type);
  return {
    format: FORMAT_VERSION,
    id,
    type,
    status,
    sequence,
    parent: made.parent ?? null,
    references: [...(made.references ?? [])],
    destination: made.destination ?? '/backups',
    created_at: at,
    finished_at: at,
    duration_seconds: 0,
    source: {
      endpoint: 'http://127.0.0.1:9000',
      buckets: null,
      excluded_buckets: [],
      ...made.source,
    },
    objects: {
      ...{ total: 0, captured: 0, salvaged: 0, unchanged: 0, unverified: 0 },
      ...{ changed: 0, vanished: 0, failed: 0, deleted: 0, carried: 0 },
    },
    bytes: 0,
    archive_bytes: archiveBytes,
    buckets: (made.buckets ?? []).map((name) => ({ name, objects: 0, bytes: 0 })),
    failures: [],
    failures_omitted: 0,
    notices: [],
    ...(made.supersedes === undefined ? {} : { supersedes: made.supersedes }),
    ...(made.guard === undefined ? {} : { guard: made.guard }),
    ...(made.lock === undefined ? {} : { lock: made.lock }),
    suspicious: [],
    fidelity: { not_captured: [], documents: [], losses: [] },
    archive: {
      file: `${id}.tar.gz`,
      sha256: '0'.repeat(64),
      directory: { offset: 0, length: 0, sha256: '0'.repeat(64) },
    },
    tool: 'test',
  };
}

export function backupEntry(made: Made, as: Partial<BackupEntry> = {}): BackupEntry {
  const summary = summaryOf(made);
  return {
    id: summary.id,
    summary: { kind: 'valid', summary },
    archiveBytes: summary.archive_bytes,
    expired: false,
    ...as,
  };
}

/** A backup of which only the name can be told. */
export function unreadableBackup(at: string, type: BackupType = 'incremental'): BackupEntry {
  return {
    id: idAt(at, type),
    summary: { kind: 'damaged', reason: 'the summary is not JSON' },
    archiveBytes: 100,
    expired: false,
  };
}

/** Puts a backup into a folder; resolves to its id. */
export async function writeBackup(folder: string, made: Made): Promise<string> {
  const listed = backupEntry(made);
  await writeListed(folder, listed);
  return listed.id;
}

/** Puts what a destination is to list into a folder. */
export async function writeListed(folder: string, backup: BackupEntry): Promise<void> {
  const { id, summary, archiveBytes, expired, accepted, retired } = backup;
  const file = (suffix: string, content: string) => writeFile(join(folder, id + suffix), content);
  await file('.json', summary.kind === 'valid' ? encodeSummary(summary.summary) : '{');
  if (archiveBytes !== null) await file('.tar.gz', '.'.repeat(archiveBytes));
  if (expired) await file('.expired', '');
  if (accepted === true) await file('.accepted', '');
  if (retired === true) await file('.retired', '');
}
