import type { DayAnswer } from '../../billing/answers.js';
import type { CellValue } from '../../csv.js';

type DayCells = Readonly<Record<string, (day: DayAnswer) => CellValue>>;

/** A day of usage in CSV, with the columns of `billing daily --csv`. */
export const DAY_CELLS: DayCells = {
  date: ({ date }) => date,
  bytes_processed: ({ bytes_processed }) => bytes_processed,
  compute_seconds: ({ compute_seconds }) => compute_seconds,
  job_count: ({ job_count }) => job_count,
  jobs_completed: ({ jobs_completed }) => jobs_completed,
  jobs_failed: ({ jobs_failed }) => jobs_failed,
  jobs_skipped: ({ jobs_skipped }) => jobs_skipped,
  cost: ({ cost }) => cost,
};
