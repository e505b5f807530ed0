import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import type { Destination } from '../destination.js';
import { type KeyRange, keyRange } from '../summary.js';
import type { RunPlan } from './run-plan.js';
import { sealOf } from './runs.js';

/**
 * Notes of workers that found their range too large: each gives away the end of it. They only tell what may be
 * begun early; which parts make up a backup, the manifests tell.
 */

const LARGEST_NOTE_BYTES = 64 * 1024;

const noteSchema = v.object({ format: v.literal(1), token: v.string(), range: keyRange });

/** Tells that a worker does not capture this range any more. */
export async function writeSplit(
  destination: Destination,
  plan: RunPlan,
  range: KeyRange,
): Promise<void> {
  const seal = await sealOf(destination.vault, plan);
  const note = { format: 1, token: plan.token, range: seal.seal(range) };
  const name = `${plan.run}.split-${randomBytes(4).toString('hex')}.json`;
  await destination.writeNote(name, `${JSON.stringify(note)}\n`);
}

/** Reads a note. Resolves to `undefined` if it is not one of this run: then nothing is begun early. */
export async function readSplit(
  destination: Destination,
  plan: RunPlan,
  name: string,
): Promise<KeyRange | undefined> {
  const bytes = await destination.readFile(name, LARGEST_NOTE_BYTES);
  if (bytes === undefined || bytes === 'unfit') return undefined;
  try {
    const note = v.safeParse(noteSchema, JSON.parse(bytes.toString('utf8')));
    if (!note.success || note.output.token !== plan.token) return undefined;
    return (await sealOf(destination.vault, plan)).open(note.output.range);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}
