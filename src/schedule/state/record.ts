import * as v from 'valibot';

const text = v.string();
export const instant = v.pipe(text, v.isoTimestamp());
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const trigger = v.picklist(['cron', 'catch-up', 'manual']);

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
  /** `null` where it did not run, or nobody saw its end. */
  finished_at: v.nullable(instant),
  /** `null` where it did not run, could not be started, or was ended by a signal. */
  exit_code: v.nullable(count),
  /** `waited`: it ran later than it was due, because another run had to end first. */
  result: v.picklist(['run', 'waited', 'skipped', 'missed']),
  trigger,
  /** Why it did not run, or failed; for people. */
  reason: v.nullable(text),
  /** The sizes of the objects and of the archive, from the command's answer; `null` where unknown. */
  bytes: v.nullable(count),
  archive_bytes: v.nullable(count),
  /** The bytes that it copied; absent in records of older versions. */
  copied_bytes: v.optional(v.nullable(count)),
  /** The path in the state folder. Earlier versions have `runs/…`, which is in the subfolder now. */
  log_file: v.nullable(text),
  /** The zone of the entry's times; absent in records of older versions and of unknown entries. */
  zone: v.optional(text),
  /** More than 1 where the record stands for many missed firings. */
  count: v.pipe(count, v.minValue(1)),
});

/** A firing that waits or runs. */
export const pendingFiring = v.object({
  id: text,
  name: text,
  due_at: instant,
  trigger,
  started_at: v.nullable(instant),
  waited: v.boolean(),
  log_file: v.nullable(text),
  /** Identifies the process, so that another one with the same pid is not mistaken for it. */
  process: v.nullable(
    v.object({
      host: text,
      pid: v.number(),
      command: text,
      process: v.nullable(v.object({ bootId: text, namespaces: text, startTicks: text })),
    }),
  ),
});

export type RunRecord = v.InferOutput<typeof runRecord>;
export type PendingFiring = v.InferOutput<typeof pendingFiring>;

/** What the end of a process adds to the record of its run. */
export type RunEnd = Pick<
  RunRecord,
  'exit_code' | 'reason' | 'bytes' | 'archive_bytes' | 'copied_bytes'
>;

/** Returns a firing that waits. Its id consists of the entry's name and the time, unless one is given. */
export function newFiring(
  name: string,
  at: Date,
  trigger: PendingFiring['trigger'],
  id?: string,
): PendingFiring {
  const due_at = at.toISOString();
  return {
    ...{ id: id ?? `${name}@${due_at}`, name, due_at, trigger, waited: false },
    ...{ started_at: null, log_file: null, process: null },
  };
}

/** Returns the record of a firing that was not run. */
export function unrunRecord(
  { id, name, due_at, trigger }: Pick<PendingFiring, 'id' | 'name' | 'due_at' | 'trigger'>,
  result: 'skipped' | 'missed',
  reason: string,
  count = 1,
): RunRecord {
  return {
    ...{ id, name, due_at, trigger, result, reason, count },
    ...{ started_at: null, finished_at: null, exit_code: null },
    ...{ bytes: null, archive_bytes: null, log_file: null },
  };
}

/** Returns the record of one that was run; `finishedAt` is `null` where nobody saw its end. */
export function ranRecord(
  { id, name, due_at, trigger, started_at, waited, log_file }: PendingFiring,
  end: RunEnd,
  finishedAt: Date | null,
): RunRecord {
  return {
    ...{ id, name, due_at, trigger, started_at, log_file, ...end, count: 1 },
    result: waited ? 'waited' : 'run',
    finished_at: finishedAt?.toISOString() ?? null,
  };
}

/** Whether the command was run. */
export function hasRun({ result }: RunRecord): boolean {
  return result === 'run' || result === 'waited';
}

/** Whether it was run and did not succeed; 3 (finished, but in part) is not a success. */
export function hasFailed(record: RunRecord): boolean {
  return hasRun(record) && record.exit_code !== 0;
}
