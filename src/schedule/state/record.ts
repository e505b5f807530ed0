import * as v from 'valibot';

const text = v.string();
const instant = v.pipe(text, v.isoTimestamp());
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/**
 * The record of a firing, in the history and in the state. Each firing gets one. Times are RFC 3339 in
 * UTC.
 */
export const runRecord = v.object({
  /** The unique id, by which no record is written twice. */
  id: text,
  /** The name of the entry. */
  name: text,
  due_at: instant,
  started_at: v.nullable(instant),
  finished_at: v.nullable(instant),
  /** `null` where it did not run, or a signal ended it. */
  exit_code: v.nullable(count),
  /** `waited`: it ran later than it was due, because another run had to end first. */
  result: v.picklist(['run', 'waited', 'skipped', 'missed']),
  trigger: v.picklist(['cron', 'catch-up', 'manual']),
  /** Why it did not run, or failed; for people. */
  reason: v.nullable(text),
  /** The sizes of the objects and of the archive, from the command's answer; `null` where unknown. */
  bytes: v.nullable(count),
  archive_bytes: v.nullable(count),
  /** The path in the state folder. */
  log_file: v.nullable(text),
  /** More than 1 where the record stands for many missed firings. */
  count: v.pipe(count, v.minValue(1)),
});

export type RunRecord = v.InferOutput<typeof runRecord>;

/** Whether the command was run. */
export function hasRun({ result }: RunRecord): boolean {
  return result === 'run' || result === 'waited';
}

/** Whether it was run and did not succeed; 3 (finished, but in part) is not a success. */
export function hasFailed(record: RunRecord): boolean {
  return hasRun(record) && record.exit_code !== 0;
}
