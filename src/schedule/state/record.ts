import * as v from 'valibot';

const text = v.string();
const instant = v.pipe(text, v.isoTimestamp());
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/**
 * What became of a firing: one of these for each, in the history and in the state. Times are RFC 3339
 * in UTC.
 */
export const runRecord = v.object({
  /** Unique, so that none is written twice. */
  id: text,
  /** Of the entry. */
  name: text,
  due_at: instant,
  started_at: v.nullable(instant),
  finished_at: v.nullable(instant),
  /** `null` where there was none: it did not run, or a signal ended it. */
  exit_code: v.nullable(count),
  /** `waited`: it ran, later than it was due, since something else had to end first. */
  result: v.picklist(['run', 'waited', 'skipped', 'missed']),
  trigger: v.picklist(['cron', 'catch-up', 'manual']),
  /** Why it did not run, or did not come to its end; for people. */
  reason: v.nullable(text),
  /** Of the objects, and of the archive, as the command told; `null` where it did not. */
  bytes: v.nullable(count),
  archive_bytes: v.nullable(count),
  /** In the state folder. */
  log_file: v.nullable(text),
  /** More than 1 where so many firings were missed that they are told of together. */
  count: v.pipe(count, v.minValue(1)),
});

export type RunRecord = v.InferOutput<typeof runRecord>;

/** Whether the command was run. */
export function hasRun({ result }: RunRecord): boolean {
  return result === 'run' || result === 'waited';
}

/** Whether it was run and did not succeed; 3 (finished, but in part) is no success. */
export function hasFailed(record: RunRecord): boolean {
  return hasRun(record) && record.exit_code !== 0;
}
