import * as v from 'valibot';
import { MangamotionError } from '../../errors.js';
import type { RestoreOptions } from '../plan-restore.js';
import type { ApplyOptions } from '../prepared.js';

/** What a worker is told of a restore whose shares it does. It has no credentials, and names of objects only in prefixes. */

const FORMAT = 1;
const names = v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(1024)));

const schema = v.strictObject({
  format: v.literal(FORMAT),
  scope: v.picklist(['full', 'data']),
  buckets: names,
  prefixes: v.array(v.pipe(v.string(), v.maxLength(1024))),
  /** Pairs: the name in the backup, and the name of the target. */
  renames: v.array(v.strictTuple([v.string(), v.string()])),
  on_conflict: v.picklist(['overwrite', 'skip']),
  encryption: v.picklist(['keep', 'prefer', 'bucket']),
  proof: v.boolean(),
});

export interface WorkerOptions {
  restore: RestoreOptions;
  apply: Pick<ApplyOptions, 'encryption' | 'proof'>;
}

/**
 * Returns the options of workers as JSON. A person who has confirmed a plan has confirmed what it showed: then
 * workers destroy nothing, and the head overwrites what was shown. Where a different object is in the way
 * that nobody may overwrite, workers leave it, and the head refuses it.
 */
export function textOfOptions(
  { scope, selection, onConflict, confirms }: RestoreOptions,
  { encryption, proof }: WorkerOptions['apply'],
): string {
  if (scope === 'metadata') throw new RangeError('metadata is not restored in shares');
  return JSON.stringify({
    ...{ format: FORMAT, scope, buckets: selection.buckets, prefixes: selection.prefixes },
    renames: [...selection.renames],
    on_conflict: mayOverwrite({ onConflict, confirms }) ? 'overwrite' : 'skip',
    ...{ encryption, proof },
  } satisfies v.InferInput<typeof schema> | { scope: string });
}

export function mayOverwrite({
  onConflict,
  confirms,
}: Pick<RestoreOptions, 'onConflict' | 'confirms'>): boolean {
  return onConflict === 'overwrite' && !confirms;
}

/** Reads the options of a head. Throws `refused` for what this version does not know. */
export function readOptions(text: string): WorkerOptions {
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text);
  if (!read.success) {
    throw new MangamotionError('refused', 'the options of the head cannot be read', {
      hint: 'Run the same version of mangamotion on all machines.',
    });
  }
  const { scope, buckets, prefixes, renames, on_conflict: onConflict } = read.output;
  const { encryption, proof } = read.output;
  return {
    restore: {
      ...{ scope, onConflict, deleteExtra: false, confirms: false, dryRun: false },
      selection: { buckets, prefixes, keys: [], renames: new Map(renames) },
    },
    apply: { encryption, proof },
  };
}
