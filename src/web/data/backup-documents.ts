/**
 * What the page reads of the documents of backups. Their schemas contain that of the summary, which is
 * built on Node.js, whose types the page does not have; a test compares the two.
 */

interface Expiry {
  at: string;
  ids: string[];
}

interface Newest {
  id: string;
  created_at: string;
}

type FreshnessStatus = 'fresh' | 'overdue' | 'missing' | 'retired';

/** What `backup verify --within` has read. */
export interface VerificationDocument {
  status: 'ok' | 'damaged' | 'stopped' | 'overdue';
  total_bytes: number;
  read_bytes: number;
  overdue_bytes: number;
  damaged_bytes: number;
  oldest_read_at: string | null;
  within_seconds: number;
  last_run_at: string;
}

export interface DrillDocument {
  at: string;
  scenario: string;
  verdict: 'met' | 'missed' | 'not_proven';
  reason?: string | undefined;
  rto_seconds: number | null;
  rto_limit_seconds: number;
  extrapolated: boolean;
  rpo_seconds: number | null;
  rpo_limit_seconds: number;
  last_met_at: string | null;
}

export interface DrillsDocument {
  status: 'met' | 'missed' | 'not_proven' | 'overdue' | 'never' | 'unknown';
  limit_seconds: number;
  damaged: number;
  problem: { error: string; code: string } | null;
  /** The last drill of each scenario, the latest first. */
  last: DrillDocument[];
}

interface StatusDocument {
  line: string | null;
  lines: {
    line: string;
    source_name: string | null;
    backups: number;
    counts: boolean;
    status: FreshnessStatus;
    suspended_by: string | null;
    next_expiry: Expiry | null;
  }[];
  freshness: {
    status: FreshnessStatus;
    newest_complete: Newest | null;
    max_age_seconds: number | null;
  };
  chains: {
    status: 'ok' | 'broken' | 'unknown';
    problems: { id: string; kind: string; message: string }[];
  };
  archive_bytes: number;
  verification: VerificationDocument | null;
  growth: { bytes_per_day: number; since: string; until: string } | null;
  retention: { days: number; suspended_by: string | null; next_expiry: Expiry | null };
}

interface Standing {
  untrusted_because?: string | undefined;
  accepted?: boolean | undefined;
  has_signature?: true | undefined;
}

interface Listed extends Standing {
  cold?: boolean | undefined;
  problem?: string | undefined;
  expired?: boolean | undefined;
  kept_because?: string[] | undefined;
  stored_bytes?: number | undefined;
}

interface Summary {
  id: string;
  type: 'full' | 'incremental' | 'metadata';
  status: 'complete' | 'partial' | 'suspect';
  references: string[];
  /** Absent in lists. */
  parts?: { id: string; archive_bytes: number }[] | undefined;
  created_at: string;
  duration_seconds: number;
  source: { endpoint: string; name?: string | undefined };
  objects: { captured: number; unchanged: number; vanished: number };
  bytes: number;
  archive_bytes: number;
  buckets: { name: string }[];
  failures: { reason: string }[];
  failures_omitted: number;
  suspicious: { bucket: string; before: number; deleted: number }[];
  encryption?: { recipients: string[] } | undefined;
  /** What the run set: whether the server still holds it was not asked. */
  lock?: { until: string } | undefined;
}

interface Legacy {
  id: string;
  type: 'full' | 'incremental' | 'metadata';
  status: 'legacy';
  created_at: string | null;
  form: 'folder' | 'tar';
  archive_bytes: number | null;
}

/** A backup that can be read; one of backup-minio.sh; one whose summary cannot be read. */
export type BackupDocument =
  | (Summary & Listed)
  | Legacy
  | ({ id: string; status: 'damaged' | 'unknown' } & Listed);

export type ShownBackupDocument = (Summary & Standing) | Legacy;

export interface DestinationDocument {
  destination: string;
  read_at: string | null;
  problem: { error: string; code: string } | null;
  list: { backups: BackupDocument[] } | null;
  status: StatusDocument | null;
  last_verified: { at: string; entry: string; limit_seconds: number } | null;
  drills: DrillsDocument;
}

export interface DestinationsDocument {
  destinations: DestinationDocument[];
}

export interface ObjectsDocument {
  folders: { prefix: string; objects: number; bytes: number }[];
  objects: { bucket: string; key: string; size: number; last_modified: string; archive: string }[];
  next: string | null;
}
