import type { Archive } from '../../archive/archive.js';
import type { ChunkReference } from '../../archive/directory.js';
import type { IndexLine } from '../../archive/index-line.js';
import { LARGEST_SUMMARY_BYTES } from '../../archive/limits.js';
import { countOf } from '../../count-of.js';
import { MangamotionError, isMangamotionError } from '../../errors.js';
import { compareObjects } from '../../key-order.js';
import { encryptedOf } from '../archives.js';
import type { BackupEntry, Destination } from '../destination.js';
import { signersOfParents } from '../encryption/sign-summary.js';
import type { Leftover, ReadableArchive, TruncatedArchive } from '../leftover.js';
import { SUMMARY_SUFFIX, partOf } from '../names.js';
import { type Listed, listWithFiles } from '../listed.js';
import { divideLeftovers, whyItStays } from '../removable-leftovers.js';
import { readSigned } from '../signed-backup.js';
import type { Summary } from '../summary.js';
import { planName } from './run-plan.js';
import { type FoundRun, type SealedPlan, findRuns, readSealedPlan } from './runs.js';

/** A named run is given up this long after it was planned, or after its last part was begun. */
export const NAMED_RUN_HOURS = 48;
/** The most parts of a run whose objects the next backup takes over. */
const MOST_SALVAGED = 500;

const NOTHING_LISTED = { backups: [], isProven: false };

interface Options {
  /** The id of the run that this one goes on with. */
  goesOn: string | undefined;
  now: Date;
  warn: (line: string) => void;
}

/**
 * Finds what earlier runs have left that may be removed, and tells of the rest: their files, and the
 * plans and parts of runs that were given up. Call it while holding the lock: otherwise they may belong to
 * an active run.
 */
export async function findAllLeftovers(
  destination: Destination,
  options: Options,
): Promise<Leftover[]> {
  const runs = await findRuns(destination);
  const { goesOn, warn } = options;
  const listed = runs.length === 0 ? undefined : await listWithFiles(destination);
  const { leftovers, active } = await leftoversOf(destination, runs, listed, options);
  const givenUp = new Set(runs.map(({ id }) => id).filter((id) => !active.has(id)));
  const files = await destination.leftovers(givenUp);
  if (files.length === 0 && runs.length === 0) return [];
  // The head of the run that goes on is written anew; its parts may just be written.
  const isActive = ({ id }: Leftover): boolean => active.has(partOf(id)?.backup ?? id);
  const inactive = files.filter((file) => file.id === goesOn || !isActive(file));
  const backups = listed?.backups ?? (await destination.list());
  const { removable, needed } = divideLeftovers(inactive, backups);
  for (const leftover of needed) warn(whyItStays(leftover));
  return [...removable, ...leftovers];
}

/**
 * Removes the plan of a run that has its head, and the parts that the head does not refer to. What workers
 * write later is removed by the next run.
 */
export async function endRun(
  destination: Destination,
  { id, references }: Pick<Summary, 'id' | 'references'>,
): Promise<void> {
  const needed = new Set(references);
  const run = (await findRuns(destination)).find((one) => one.id === id);
  for (const part of run?.parts ?? []) if (!needed.has(part)) await destination.remove(part);
  for (const leftover of await destination.leftovers()) {
    if (partOf(leftover.id)?.backup === id) await leftover.remove();
  }
  for (const name of run?.splits ?? []) await destination.removeNote(name);
  if (run?.hasPlan === true) await destination.removeNote(planName(id));
}

/**
 * Finds the plans and parts of runs that were given up, and parts that no backup refers to; `active` are the
 * ids of the runs of which nothing may be removed. If a summary cannot be read, or the listing may lack one, all
 * parts stay, because it may refer to them.
 */
async function leftoversOf(
  destination: Destination,
  runs: readonly FoundRun[],
  { backups, isProven }: Pick<Listed, 'backups' | 'isProven'> = NOTHING_LISTED,
  { goesOn, now, warn }: Options,
): Promise<{ leftovers: Leftover[]; active: ReadonlySet<string> }> {
  const leftovers: Leftover[] = [];
  const active = new Set(goesOn === undefined ? [] : [goesOn]);
  const unreadable = backups.find(({ summary }) => summary.kind !== 'valid');
  const doubt =
    unreadable !== undefined
      ? `${unreadable.id} cannot be read, and may refer to them`
      : isProven
        ? undefined
        : 'the server does not show that it has listed every backup';
  const needed = new Set(
    backups.flatMap(({ summary }) => (summary.kind === 'valid' ? summary.summary.references : [])),
  );
  for (const run of runs.filter(({ id }) => id !== goesOn)) {
    const plan = run.hasPlan ? await planOrNot(destination, run.id, warn) : undefined;
    if (!run.isCommitted && plan !== undefined && (await mayGoOn(destination, run, plan, now))) {
      active.add(run.id);
      warn(`the run ${plan.name ?? run.id} has no head yet: its parts stay`);
      continue;
    }
    const parts = run.whole.filter((id) => !needed.has(id));
    if (doubt !== undefined && parts.length > 0) {
      active.add(run.id);
      warn(`${countOf(parts.length, 'part')} of ${run.id} stay: ${doubt}`);
      continue;
    }
    if (parts.length > 0) leftovers.push(leftoverOf(destination, run, parts));
    if (run.hasPlan || run.splits.length > 0) leftovers.push(notesLeft(destination, run));
  }
  return { leftovers, active };
}

/** A plan that cannot be read is that of a run that nobody can go on with. */
async function planOrNot(
  destination: Destination,
  run: string,
  warn: (line: string) => void,
): Promise<SealedPlan | undefined> {
  try {
    return await readSealedPlan(destination, run);
  } catch (error) {
    if (!isMangamotionError(error, 'damaged')) throw error;
    warn(error.message);
    return undefined;
  }
}

/**
 * The shards of a named run are captured without the lock of the destination. That of a large store may take
 * many days: it goes on as long as parts come.
 */
async function mayGoOn(
  destination: Destination,
  { whole }: FoundRun,
  { name, created_at: createdAt }: SealedPlan,
  now: Date,
): Promise<boolean> {
  // A time that is far ahead is no reason to wait for it.
  const isRecent = (time: string): boolean =>
    Math.abs(now.getTime() - Date.parse(time)) < NAMED_RUN_HOURS * 3_600_000;
  if (name === null) return false;
  if (isRecent(createdAt)) return true;
  for (const id of whole) {
    const { summary } = await destination.read(id);
    if (summary.kind === 'valid' && isRecent(summary.summary.created_at)) return true;
  }
  return false;
}

function notesLeft(destination: Destination, { id: run, splits }: FoundRun): Leftover {
  return {
    id: run,
    path: `${destination.location}/${planName(run)}`,
    sizeBytes: 0,
    open: () => Promise.resolve(undefined),
    remove: async () => {
      for (const name of splits) await destination.removeNote(name);
      await destination.removeNote(planName(run));
    },
  };
}

/** The parts of a run that has no head: the next backup copies from them what is still as it was. */
function leftoverOf(destination: Destination, run: FoundRun, parts: readonly string[]): Leftover {
  return {
    id: run.id,
    path: `${destination.location}/${run.id}.part-*`,
    sizeBytes: 0,
    open: async () =>
      run.isCommitted ? undefined : await PartsOfRun.open(destination, run.id, parts),
    remove: async () => {
      for (const id of parts) {
        // A head that slept for longer than its lease may have bound them meanwhile.
        if (!run.isCommitted && (await hasHead(destination, run.id))) return;
        await destination.remove(id);
      }
    },
  };
}

async function hasHead(destination: Destination, id: string): Promise<boolean> {
  return (await destination.readFile(id + SUMMARY_SUFFIX, LARGEST_SUMMARY_BYTES)) !== undefined;
}

/** The objects in the parts of a run, as if they were one archive. */
class PartsOfRun implements TruncatedArchive {
  readonly archive: ReadableArchive;
  readonly #run: string;
  readonly #parts: readonly OpenPart[];

  private constructor(run: string, parts: readonly OpenPart[]) {
    this.#run = run;
    this.#parts = parts;
    const byId = new Map(parts.map((part) => [part.id, part.archive]));
    const of = (line: IndexLine): Archive => {
      const archive = byId.get(line.archive);
      if (archive !== undefined) return archive;
      throw new MangamotionError('damaged', `no part ${line.archive}`);
    };
    this.archive = {
      readWhole: (line) => of(line).readWhole(line),
      read: (line) => of(line).read(line),
      close: async () => {
        for (const { archive } of parts) await archive.close();
      },
    };
  }

  /** Resolves to `undefined` if no part can be read. */
  static async open(
    destination: Destination,
    run: string,
    ids: readonly string[],
  ): Promise<PartsOfRun | undefined> {
    const open: OpenPart[] = [];
    for (const id of ids.slice(0, MOST_SALVAGED)) {
      const part = await openPart(destination, id);
      if (part !== undefined) open.push(part);
    }
    if (open.length === 0) return undefined;
    return new PartsOfRun(
      run,
      open.sort((a, b) => compareObjects(a.first, b.first)),
    );
  }

  owns({ archive }: IndexLine): boolean {
    return partOf(archive)?.backup === this.#run;
  }

  /** Parts that overlap are left out: their lines would not be in order. */
  async *lines(): AsyncGenerator<IndexLine[]> {
    let last: ChunkReference['last'] | undefined;
    for (const { archive, chunks } of this.#parts) {
      for (const chunk of chunks) {
        if (last !== undefined && compareObjects(chunk.first, last) <= 0) continue;
        last = chunk.last;
        yield await archive.readChunk(chunk);
      }
    }
  }
}

interface OpenPart {
  id: string;
  archive: Archive;
  chunks: ChunkReference[];
  first: ChunkReference['first'];
}

/** Resolves to `undefined` if the part is not whole, or not one that a new backup may take over. */
async function openPart(destination: Destination, id: string): Promise<OpenPart | undefined> {
  let archive: Archive | undefined;
  try {
    const entry = await destination.read(id);
    const summary = await signedSummary(destination, entry);
    if (summary === undefined) return undefined;
    const encrypted = encryptedOf(summary, id);
    archive = await destination.openArchive(id, { sizeBytes: summary.archive_bytes, encrypted });
    if (archive.sizeBytes !== summary.archive_bytes) throw new MangamotionError('damaged', id);
    const directory = await archive.readDirectory(summary.archive.directory);
    const chunks = directory.chunks.filter((chunk) => chunk.archive === id);
    const [first] = chunks;
    if (first === undefined) throw new MangamotionError('damaged', `${id} holds no object`);
    return { id, archive, chunks, first: first.first };
  } catch (error) {
    await archive?.close();
    if (isMangamotionError(error, 'damaged', 'not_found', 'refused')) return undefined;
    // An error that carries a request comes from the store, which denies access.
    if (isMangamotionError(error, 'access_denied') && error.request === undefined) return undefined;
    throw error;
  }
}

async function signedSummary(
  destination: Destination,
  entry: BackupEntry,
): Promise<Summary | undefined> {
  const signers = await signersOfParents(destination.vault);
  const signed = signers === undefined ? undefined : await readSigned(destination, entry, signers);
  if (signed !== undefined && 'fault' in signed) return undefined;
  const { summary } = signed?.backup ?? entry;
  return summary.kind === 'valid' && summary.summary.id === entry.id ? summary.summary : undefined;
}
