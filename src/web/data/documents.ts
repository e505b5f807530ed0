import type { InferOutput } from 'valibot';
import type {
  allUsersDocument,
  dailyDocument,
  summaryDocument,
} from '../../serve/schemas/billing.js';
import type { historyDocument, scheduleDocument } from '../../serve/schemas/schedule.js';
import type { sessionDocument } from '../../serve/schemas/session.js';

/** The documents of the API, as the server's schemas describe them. */
export type SessionDocument = InferOutput<typeof sessionDocument>;
export type SummaryDocument = InferOutput<typeof summaryDocument>;
export type DailyDocument = InferOutput<typeof dailyDocument>;
export type AllUsersDocument = InferOutput<typeof allUsersDocument>;
export type ScheduleDocument = InferOutput<typeof scheduleDocument>;
export type HistoryDocument = InferOutput<typeof historyDocument>;
export type RunDocument = HistoryDocument['runs'][number];
export type EntryDocument = ScheduleDocument['status']['entries'][number];

/** A job of a list. */
export interface JobDocument {
  id: string;
  queue: string;
  source: 'queue' | 'billing' | 'both';
  status: string;
  state: string | null;
  user_id: string | null;
  progress: number | null;
  file_count: number | null;
  size_bytes: number | bigint | null;
  created_at: string | null;
  started_at: string | null;
  finished_at: string | null;
  failed_reason: string | null;
  due_at: string | null;
  children_waiting: number | null;
  stalled: boolean | null;
  cost: number | null;
  cost_exact: string | null;
  result?: { bucket: string; key: string; size_bytes: number } | null;
}

export interface JobsDocument {
  user_id: string | null;
  jobs: readonly JobDocument[];
  total: number;
  limit: number;
  offset: number;
  /** Jobs by status, and `all`. */
  counts: Readonly<Record<string, number>>;
  worker_connected: boolean | null;
  workers: number | null;
  problems: readonly string[];
  notes: readonly string[];
}

interface ArtifactDocument {
  kind: 'result' | 'preview' | 'other';
  bucket: string;
  key: string;
  size_bytes: number;
  content_type: string | null;
  last_modified: string;
}

/** Everything about one job. */
export interface ShownJobDocument extends JobDocument {
  name: string | null;
  data: unknown;
  files: readonly string[] | null;
  options: Readonly<Record<string, unknown>> | null;
  attempts_made: number | null;
  waited_seconds: number | null;
  ran_seconds: number | null;
  progress_detail: unknown;
  stacktrace: readonly string[];
  return_value: unknown;
  worker_connected: boolean | null;
  artifacts: readonly ArtifactDocument[] | null;
  problems: readonly (string | { key: string; [name: string]: unknown })[];
  notes: readonly string[];
  explain: readonly string[];
}

export interface DownloadDocument {
  download_url: string;
}

export interface ThumbnailDocument {
  thumbnail_url: string;
}
