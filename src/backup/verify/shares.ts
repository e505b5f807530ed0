import type { ChunkReference, Directory } from '../../archive/directory.js';
import { weightOf } from '../../ranges/cut-index.js';
import { ownPartsOf } from '../../repository/parts.js';
import type { Summary } from '../../repository/summary.js';

/**
 * Cuts what a verify reads into shares of about equal weight. Whoever has the same backup cuts it at the same
 * places, so that many machines need to agree on nothing. Pure.
 */

/** The archives and index chunks that one reader of a backup has to read. */
export interface Bulk {
  /** The ids of the archives that are read from end to end: that of the backup, and parts of its own. */
  archives: ReadonlySet<string>;
  /**
   * Index chunks, in their order: each line is checked, and each object is read that lies in none of the
   * archives that are read from end to end.
   */
  chunks: readonly ChunkReference[];
}

type Told = Pick<Summary, 'id' | 'parts' | 'archive_bytes' | 'objects'>;

/** Returns all that there is to read. */
export function wholeBulk(summary: Told, { archive, chunks }: Directory): Bulk {
  const parts = ownPartsOf(summary).map(({ id }) => id);
  return { archives: new Set([archive, ...parts]), chunks };
}

/**
 * Cuts a backup into so many shares, some of which may be empty. An archive cannot be cut, because one reader
 * has to compute its SHA-256. The chunks in a part go with the part, so that who reads them knows what its
 * audit has covered. All others are cut into runs, which fill up what the archives leave.
 */
export function cutBulk(summary: Told, directory: Directory, shares: number): Bulk[] {
  const { archive: head, chunks } = directory;
  const weights = new Map([[head, summary.archive_bytes]]);
  for (const part of ownPartsOf(summary)) weights.set(part.id, part.archive_bytes);
  const elsewhere = shareElsewhere(summary, directory, weights);
  const isOwn = ({ archive }: ChunkReference) => weights.has(archive);
  const isLoose = ({ archive }: ChunkReference) => archive === head || !weights.has(archive);
  const weigh = (chunk: ChunkReference) =>
    chunk.length + (isOwn(chunk) ? elsewhere : 1) * weightOf(chunk);
  for (const chunk of chunks) {
    if (isLoose(chunk)) continue;
    weights.set(chunk.archive, (weights.get(chunk.archive) ?? 0) + weigh(chunk));
  }
  const { places, loads } = spread([...weights.values()], shares);
  const homes = new Map([...weights.keys()].map((id, at) => [id, places[at] ?? 0]));
  const runs = fillUp(chunks.filter(isLoose).map(weigh), loads);
  const cut = Array.from({ length: shares }, () => ({
    archives: new Set<string>(),
    chunks: [] as ChunkReference[],
  }));
  for (const [id, place] of homes) cut[place]?.archives.add(id);
  let passed = 0;
  for (const chunk of chunks) {
    const place = isLoose(chunk) ? runs[passed++] : homes.get(chunk.archive);
    cut[place ?? 0]?.chunks.push(chunk);
  }
  return cut;
}

/** Returns what several shares are together, in the order of the directory. */
export function joinBulks(bulks: readonly Bulk[], { chunks }: Directory): Bulk {
  const taken = new Set(bulks.flatMap((bulk) => bulk.chunks));
  return {
    archives: new Set(bulks.flatMap((bulk) => [...bulk.archives])),
    chunks: chunks.filter((chunk) => taken.has(chunk)),
  };
}

/** Returns the number of archives and index chunks, which is 0 for a share that nothing was left for. */
export function piecesIn({ archives, chunks }: Bulk): number {
  return archives.size + chunks.length;
}

/** Returns about how many objects are read, and how large they are, for a progress that shows what is left. */
export function sizeOf(
  { archives, chunks }: Bulk,
  summary: Told,
  directory: Directory,
): { objects: number; bytes: number } {
  const own = wholeBulk(summary, directory).archives;
  const elsewhere = shareElsewhere(summary, directory, own);
  const sums = { objects: 0, bytes: 0 };
  const add = ({ objects, bytes }: ChunkReference, share: number) => {
    sums.objects += Math.round(objects * share);
    sums.bytes += Math.round(bytes * share);
  };
  const inHead = directory.chunks.filter(({ archive }) => archive === directory.archive);
  if (archives.has(directory.archive)) for (const chunk of inHead) add(chunk, 1 - elsewhere);
  for (const chunk of chunks) add(chunk, chunk.archive === directory.archive ? elsewhere : 1);
  return sums;
}

/** Estimates which share of the objects in the backup's own chunks lies in archives that are not its own. */
function shareElsewhere(
  { objects: { unchanged } }: Told,
  { chunks }: Directory,
  own: Pick<ReadonlySet<string>, 'has'>,
): number {
  let [inside, outside] = [0, 0];
  for (const { archive, objects } of chunks) {
    if (own.has(archive)) inside += objects;
    else outside += objects;
  }
  return inside === 0 ? 0 : Math.min(1, Math.max(0, unchanged - outside) / inside);
}

/**
 * Gives each weight, the heaviest first, to the place that has the least so far. Returns the place of each,
 * and what each place has.
 */
export function spread(
  weights: readonly number[],
  places: number,
): { places: number[]; loads: number[] } {
  const loads = Array.from({ length: places }, () => 0);
  const chosen = weights.map(() => 0);
  const order = weights
    .map((weight, at) => ({ weight, at }))
    .sort((a, b) => b.weight - a.weight || a.at - b.at);
  for (const { weight, at } of order) {
    let least = 0;
    for (let place = 1; place < places; place++) {
      if ((loads[place] ?? 0) < (loads[least] ?? 0)) least = place;
    }
    chosen[at] = least;
    loads[least] = (loads[least] ?? 0) + weight;
  }
  return { places: chosen, loads };
}

/** Cuts a row of weights into runs that fill places up to one level, where they have loads. Returns the place of each. */
function fillUp(weights: readonly number[], loads: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const level = levelOf(total, loads);
  let place = 0;
  let end = Math.max(0, level - (loads[0] ?? 0));
  let passed = 0;
  return weights.map((weight) => {
    const middle = passed + weight / 2;
    passed += weight;
    while (middle >= end && place < loads.length - 1) {
      place += 1;
      end += Math.max(0, level - (loads[place] ?? 0));
    }
    return place;
  });
}

/** Returns the level to which so much fills the places that lie below it. */
function levelOf(total: number, loads: readonly number[]): number {
  const sorted = [...loads].sort((a, b) => a - b);
  let sum = total;
  for (const [at, load] of sorted.entries()) {
    sum += load;
    const level = sum / (at + 1);
    if (level <= (sorted[at + 1] ?? Infinity)) return level;
  }
  return 0;
}
