import * as v from 'valibot';

/** The documents of `jobs` commands, see src/reports/jobs, with the names that dashboards use. */
const integer = v.union([v.pipe(v.number(), v.integer()), v.bigint()]);
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const nullableText = v.nullable(v.string());
const nullableTime = v.nullable(v.pipe(v.string(), v.isoTimestamp()));
const texts = v.array(v.string());

const job = {
  id: v.string(),
  queue: v.string(),
  source: v.picklist(['queue', 'billing', 'both']),
  status: v.string(),
  state: nullableText,
  user_id: nullableText,
  progress: v.nullable(v.number()),
  file_count: v.nullable(count),
  size_bytes: v.nullable(integer),
  created_at: nullableTime,
  started_at: nullableTime,
  finished_at: nullableTime,
  failed_reason: nullableText,
  due_at: nullableTime,
  children_waiting: v.nullable(count),
  stalled: v.nullable(v.boolean()),
  cost: v.nullable(v.number()),
  cost_exact: nullableText,
};

export const listedJob = v.strictObject({
  ...job,
  result: v.optional(
    v.nullable(v.strictObject({ bucket: v.string(), key: v.string(), size_bytes: count })),
  ),
  fileCount: v.nullable(count),
  totalSize: v.nullable(integer),
  createdAt: nullableTime,
  completedAt: nullableTime,
  thumbnailKey: v.pipe(
    nullableText,
    v.description('where the preview of a completed job belongs; it may be gone'),
  ),
  error: nullableText,
});

export const listDocument = v.strictObject({
  user_id: nullableText,
  jobs: v.array(listedJob),
  total: count,
  limit: count,
  offset: count,
  counts: v.strictObject({
    all: count,
    pending: count,
    processing: count,
    completed: count,
    failed: count,
    skipped: count,
    unknown: count,
  }),
  read: v.picklist(['scan', 'nothing']),
  worker_connected: v.pipe(
    v.nullable(v.boolean()),
    v.description(
      'whether there is a worker for the jobs that wait; null: none wait, or not known',
    ),
  ),
  workers: v.pipe(v.nullable(count), v.description('null: not known')),
  problems: texts,
  notes: texts,
});

export const shownJob = v.strictObject({
  ...job,
  name: nullableText,
  data: v.unknown(),
  files: v.nullable(texts),
  options: v.nullable(v.record(v.string(), v.unknown())),
  attempts_made: v.nullable(v.number()),
  waited_seconds: v.nullable(v.number()),
  ran_seconds: v.nullable(v.number()),
  progress_detail: v.unknown(),
  stacktrace: texts,
  return_value: v.unknown(),
  worker_connected: v.nullable(v.boolean()),
  billing: v.nullable(v.looseObject({ job_id: v.string(), job_cost: v.number() })),
  artifacts: v.nullable(
    v.array(
      v.strictObject({
        kind: v.picklist(['result', 'preview', 'other']),
        bucket: v.string(),
        key: v.string(),
        size_bytes: count,
        content_type: nullableText,
        last_modified: v.string(),
      }),
    ),
  ),
  problems: v.array(v.union([v.string(), v.looseObject({ key: v.string() })])),
  notes: texts,
  explain: texts,
  failedReason: nullableText,
  returnvalue: v.unknown(),
});

export const statusDocument = v.union([
  shownJob,
  v.strictObject({ status: v.literal('not_found') }),
]);

const presigned = {
  job_id: v.string(),
  url: v.pipe(v.string(), v.url()),
  expires_in: count,
  content_type: v.string(),
  expires_at: v.string(),
  size_bytes: count,
  bucket: v.string(),
  key: v.string(),
};

export const downloadDocument = v.strictObject({ ...presigned, download_url: v.string() });
export const thumbnailDocument = v.strictObject({ ...presigned, thumbnail_url: v.string() });
