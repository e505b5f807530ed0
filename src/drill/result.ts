import * as v from 'valibot';
import { SCENARIOS } from './objectives.js';
import { ATTACK_KINDS } from './attack-kinds.js';

/** The result of a drill, as it is printed and recorded. */

const text = v.string();
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const seconds = v.pipe(v.number(), v.finite());

const difference = v.object({
  /** The bucket in the backup. */
  bucket: text,
  /** `content`, `header content-type`, `tags`, a kind of document, … */
  field: text,
  count,
  keys: v.array(text),
  reason: text,
});

export const VERDICTS = ['met', 'missed', 'not_proven'] as const;

export const drillResult = v.object({
  scenario: v.picklist(SCENARIOS),
  verdict: v.picklist(VERDICTS),
  reason: v.optional(text),
  /** The backup that was restored; `null` if none could be chosen. */
  backup: v.nullable(text),
  /** `random`: an older backup was drawn. */
  pick: v.picklist(['newest', 'random']),
  /** `null` if the recovery did not come to its end. */
  rto_seconds: v.nullable(seconds),
  rto_limit_seconds: seconds,
  /** Whether `rto_seconds` was extrapolated from a sample, and the range of that. */
  extrapolated: v.boolean(),
  rto_range_seconds: v.optional(v.tuple([seconds, seconds])),
  /** The age of the newest backup that can be used; `null` if there is none. */
  rpo_seconds: v.nullable(seconds),
  rpo_limit_seconds: seconds,
  /** The newest backup that can be used, if another one was drawn. */
  newest: v.optional(text),
  /** What was restored and read back. */
  objects: count,
  bytes: count,
  /** The share of the objects that was restored, if it was a sample: 0 to 1. */
  sample: v.optional(seconds),
  /** What the store has and the newest backup lacks; `null` if that is not known. */
  missing_objects: v.nullable(count),
  missing_bytes: v.nullable(count),
  differences: v.array(difference),
  differences_omitted: v.optional(count),
  steps: v.array(v.object({ name: text, seconds })),
  /** The operator's own test; `exit_code` is `null` if a signal ended it. */
  check: v.optional(v.object({ exit_code: v.nullable(v.number()), seconds, output: text })),
  /** `ransom`: what was done to a copy of the backup, with the keys of this host. */
  attack: v.optional(
    v.object({
      /** The files of the copy, and how many of them were locked as the real ones are. */
      files: count,
      locked: count,
      /** The weakest mode of these locks; `null` if nothing was locked. */
      mode: v.nullable(v.picklist(['GOVERNANCE', 'COMPLIANCE'])),
      /** Whether the keys may delete a version that is not locked; `null` if that is not known. */
      may_delete: v.nullable(v.boolean()),
      tried: v.array(
        v.object({
          kind: v.picklist(ATTACK_KINDS),
          ...{ tried: count, refused: count, succeeded: count, unclear: count },
        }),
      ),
      /** What was not attacked, because the real backups need it. */
      spared: text,
      /** Where copies are left, which the next drill after `left_until` removes; `null`: nothing is left. */
      left: v.nullable(text),
      left_until: v.nullable(text),
    }),
  ),
  /** Buckets that stay because of --keep, by their names in the backup. */
  kept: v.optional(v.record(text, text)),
});

export type Verdict = (typeof VERDICTS)[number];
export type Difference = v.InferOutput<typeof difference>;
export type DrillResult = v.InferOutput<typeof drillResult>;
