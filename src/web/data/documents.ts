import type { InferOutput } from 'valibot';
import type {
  allUsersDocument,
  auditDocument,
  dailyDocument,
  pricesDocument,
  summaryDocument,
} from '../../serve/schemas/billing.js';
import type {
  downloadDocument,
  listDocument,
  listedJob,
  shownJob,
  thumbnailDocument,
} from '../../serve/schemas/jobs.js';
import type { historyDocument, scheduleDocument } from '../../serve/schemas/schedule.js';
import type { sessionDocument } from '../../serve/schemas/session.js';

/** The documents of the API, as the server's schemas describe them. */
export type SessionDocument = InferOutput<typeof sessionDocument>;
export type SummaryDocument = InferOutput<typeof summaryDocument>;
export type PricesDocument = InferOutput<typeof pricesDocument>;
export type DailyDocument = InferOutput<typeof dailyDocument>;
export type AuditDocument = InferOutput<typeof auditDocument>;
export type AllUsersDocument = InferOutput<typeof allUsersDocument>;
export type JobDocument = InferOutput<typeof listedJob>;
export type JobsDocument = InferOutput<typeof listDocument>;
export type ScheduleDocument = InferOutput<typeof scheduleDocument>;
export type HistoryDocument = InferOutput<typeof historyDocument>;
export type RunDocument = HistoryDocument['runs'][number];
export type RunningDocument = ScheduleDocument['running'][number];
export type EntryDocument = ScheduleDocument['status']['entries'][number];
/** Everything about one job. */
export type ShownJobDocument = InferOutput<typeof shownJob>;
export type DownloadDocument = InferOutput<typeof downloadDocument>;
export type ThumbnailDocument = InferOutput<typeof thumbnailDocument>;
