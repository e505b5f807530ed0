import type { DrillRecord } from '../../src/drill/records.js';

/** The record of a drill that met its objectives, unless it is changed. */
export function drillRecord(more: Partial<DrillRecord> = {}): DrillRecord {
  return {
    ...{ at: '2026-11-29T03:10:00.000Z', id: 'a', destination: '/var/backups/minio', cold: false },
    ...{ scenario: 'object', verdict: 'met', backup: 'minio_backup_full_20261129_020000' },
    ...{ pick: 'newest', rto_seconds: 2.5, rto_limit_seconds: 3600, extrapolated: false },
    ...{ rpo_seconds: 4200, rpo_limit_seconds: 86_400, objects: 1, bytes: 12_345 },
    ...{ missing_objects: 12, missing_bytes: 1_200_000, differences: [] },
    steps: [
      { name: 'choose', seconds: 0.1 },
      { name: 'verify', seconds: 0.2 },
      { name: 'plan', seconds: 0.4 },
      { name: 'restore', seconds: 1.2 },
      { name: 'prove', seconds: 0.6 },
    ],
    ...more,
  };
}
