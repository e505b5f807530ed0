import * as v from 'valibot';
import { runRecord } from '../../schedule/state/record.js';

/** The documents of `schedule status`, `next` and `history`. */

const text = v.string();
const nullableText = v.nullable(text);
const record = v.strictObject(runRecord.entries);

export const scheduleDocument = v.strictObject({
  status: v.strictObject({
    daemon: v.nullable(v.strictObject({ pid: v.number(), host: text, since: text })),
    entries: v.array(
      v.strictObject({
        name: text,
        command: text,
        state: v.picklist(['running', 'waiting', 'idle']),
        running_since: nullableText,
        next_at: nullableText,
        zone: text,
        last_run: v.nullable(record),
        last_success_at: nullableText,
        overdue: v.nullable(v.boolean()),
      }),
    ),
  }),
  next: v.strictObject({
    runs: v.array(v.strictObject({ name: text, at: text, command: text, zone: text })),
  }),
  /** The runs under way that have a log, for `/api/schedule/runs/{id}/log`. */
  running: v.array(v.strictObject({ id: text, name: text, started_at: text })),
  /** Why the state cannot be used: last runs are then not known. */
  problem: nullableText,
});

export const historyDocument = v.strictObject({
  runs: v.array(record),
  /** Lines of the history that are not records. */
  damaged_lines: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** Why the state cannot be used; runs may then be missing. */
  problem: v.nullable(v.string()),
});

export const requestedRunDocument = v.strictObject({
  id: text,
  name: text,
  requested_at: text,
});
