import type { ListedBackup } from '../../src/repository/destination.js';
import { backupIdFor } from '../../src/repository/names.js';
import type { Summary } from '../../src/repository/summary.js';

/** A summary as a run without objects would write it, with the fields that a test is about. */
export function summaryOf(
  sequence: number,
  createdAt: string,
  fields: Partial<Summary> = {},
): Summary {
  const type = fields.type ?? 'full';
  const id = backupIdFor(type, new Date(createdAt));
  const digest = '0'.repeat(64);
  return {
    format: 1,
    id,
    type,
    status: 'complete',
    sequence,
    parent: null,
    references: [],
    destination: '/backups',
    created_at: createdAt,
    finished_at: createdAt,
    duration_seconds: 0,
    source: { endpoint: 'http://127.0.0.1:9000', buckets: null, excluded_buckets: [] },
    objects: {
      total: 0,
      captured: 0,
      unchanged: 0,
      changed: 0,
      vanished: 0,
      failed: 0,
      unverified: 0,
      deleted: 0,
    },
    bytes: 0,
    archive_bytes: 100,
    buckets: [],
    failures: [],
    suspicious: [],
    fidelity: { not_captured: [] },
    archive: {
      file: `${id}.tar.gz`,
      sha256: digest,
      directory: { offset: 0, length: 0, sha256: digest },
    },
    tool: 'test',
    ...fields,
  };
}

export function listed(summary: Summary, archiveBytes: number | null = 100): ListedBackup {
  return { id: summary.id, summary: { kind: 'valid', summary }, archiveBytes };
}
