import { placesOf } from '../../jobs/places.js';
import { jobJson, type ListedJob } from '../../reports/jobs/documents.js';
import type { Config } from '../../config/load.js';

/** A job of a list: the fields of `jobs list --json`, and the names that dashboards use for them. */
export function jobDocument(job: ListedJob, { jobs, jobBucket }: Config) {
  const json = jobJson(job);
  const [preview] = placesOf(jobs.previewPaths, job.id, jobBucket);
  return {
    ...json,
    fileCount: json.file_count,
    totalSize: json.size_bytes,
    createdAt: json.created_at,
    completedAt: json.finished_at,
    thumbnailKey: job.status === 'completed' ? (preview?.key ?? null) : null,
    error: json.failed_reason,
  };
}
