import { MangamotionError } from '../../errors.js';
import type { Destination } from '../destination.js';
import { type Vault, hostSecretOf } from '../encryption/vault.js';
import { partIdOf, partOf, planIdOf, reservedIdOf, splitIdOf } from '../names.js';
import { SUMMARY_SUFFIX } from '../names.js';
import { RangeSeal } from './range-seal.js';
import {
  LARGEST_PLAN_BYTES,
  type RunPlan,
  checkRanges,
  decodePlan,
  encodePlan,
  planName,
} from './run-plan.js';

/** What is at a destination of a run whose backup is made of parts. */
export interface FoundRun {
  /** The id that the backup has, or would have. */
  id: string;
  hasPlan: boolean;
  /** Whether the backup exists: what is left is not needed, unless backups refer to it. */
  isCommitted: boolean;
  /** The ids of its parts, sorted, with those that are incomplete. */
  parts: string[];
  /** The ids of the parts that have a manifest, sorted. */
  whole: string[];
  /** The names of the notes about divided ranges. */
  splits: string[];
}

interface Collected extends Pick<FoundRun, 'hasPlan' | 'whole' | 'splits'> {
  parts: Set<string>;
}

/** Finds the runs that have a plan or a part at the destination, sorted by id. */
export async function findRuns(destination: Destination): Promise<FoundRun[]> {
  const names = [...(await destination.files().names()).keys()].sort();
  const runs = new Map<string, Collected>();
  const runOf = (id: string) => {
    const known = runs.get(id) ?? { hasPlan: false, parts: new Set(), whole: [], splits: [] };
    runs.set(id, known);
    return known;
  };
  for (const name of names) {
    const planned = planIdOf(name);
    if (planned !== undefined) runOf(planned).hasPlan = true;
    const divided = splitIdOf(name);
    if (divided !== undefined) runOf(divided).splits.push(name);
    const reserved = reservedIdOf(name);
    const part = reserved === undefined ? undefined : partOf(reserved);
    if (part === undefined || reserved === undefined) continue;
    const run = runOf(part.backup);
    run.parts.add(reserved);
    if (name === reserved + SUMMARY_SUFFIX && partIdOf(name) !== undefined)
      run.whole.push(reserved);
  }
  const there = new Set(names);
  return [...runs].map(([id, { hasPlan, parts, whole, splits }]) => ({
    ...{ id, hasPlan, whole, splits, isCommitted: there.has(id + SUMMARY_SUFFIX) },
    parts: [...parts],
  }));
}

/** A plan as it lies at the destination: in an encrypted run, the keys in its ranges are sealed. */
export interface SealedPlan extends Omit<RunPlan, 'shards'> {
  sealed: RunPlan['shards'];
}

/**
 * Reads the plan of a run. Resolves to `undefined` if there is none. Rejects with `damaged` if it cannot
 * be read, and with `access_denied` if the run is encrypted and this host has no host key.
 */
export async function readPlan(
  destination: Pick<Destination, 'readFile' | 'location' | 'vault'>,
  run: string,
): Promise<RunPlan | undefined> {
  const plan = await readSealedPlan(destination, run);
  return plan === undefined ? undefined : await openPlan(destination, plan);
}

/** Reads what everybody may know of a plan, without any key. Otherwise as `readPlan`. */
export async function readSealedPlan(
  destination: Pick<Destination, 'readFile' | 'location'>,
  run: string,
): Promise<SealedPlan | undefined> {
  const bytes = await destination.readFile(planName(run), LARGEST_PLAN_BYTES);
  if (bytes === undefined) return undefined;
  try {
    if (bytes === 'unfit') throw new SyntaxError('it is too large, or is no file');
    const { shards: sealed, ...plan } = decodePlan(bytes);
    if (plan.run !== run) throw new SyntaxError(`it is that of ${plan.run}`);
    return { ...plan, sealed };
  } catch (error) {
    throw unreadable(destination, run, error);
  }
}

/** Opens the ranges of a plan. Rejects as `readPlan`. */
export async function openPlan(
  destination: Pick<Destination, 'location' | 'vault'>,
  { sealed, ...plan }: SealedPlan,
): Promise<RunPlan> {
  const seal = await sealOf(destination.vault, plan);
  try {
    const shards = sealed.map((one) => ({ ...one, range: seal.open(one.range) }));
    checkRanges(shards.map(({ range }) => range));
    return { ...plan, shards };
  } catch (error) {
    throw unreadable(destination, plan.run, error);
  }
}

function unreadable({ location }: { location: string }, run: string, error: unknown): unknown {
  if (!(error instanceof SyntaxError)) return error;
  return new MangamotionError(
    'damaged',
    `${location}: the plan ${planName(run)} cannot be read: ${error.message}`,
    { hint: 'Remove the file: the next backup then removes what the run left.', cause: error },
  );
}

/** Resolves to what hides the keys in a run. In one that is not encrypted it hides nothing. */
export async function sealOf(
  vault: Vault,
  { recipients, token }: Pick<RunPlan, 'recipients' | 'token'>,
): Promise<RangeSeal> {
  if (recipients.length === 0) return new RangeSeal(undefined);
  const secret = await hostSecretOf(vault, `ranges of ${token}`);
  if (secret !== undefined) return new RangeSeal(secret);
  throw new MangamotionError('access_denied', 'the workers of an encrypted run need a host key', {
    hint: 'Make one with "mangamotion key new --host", and copy its file to each worker.',
  });
}

/** Writes the plan of a run in one step. */
export async function writePlan(destination: Destination, plan: RunPlan): Promise<void> {
  const seal = await sealOf(destination.vault, plan);
  const shards = plan.shards.map((one) => ({ ...one, range: seal.seal(one.range) }));
  await destination.writeNote(planName(plan.run), encodePlan({ ...plan, shards }));
}
