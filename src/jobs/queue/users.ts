import { isRefusedByServer } from '../../redis/errors.js';
import { readHashes } from '../../redis/reader.js';
import type { RedisReader } from '../../redis/reader.js';
import type { QueueState } from '../job.js';
import type { Wanted } from '../sources.js';
import { pagesOf } from '../pages.js';
import { namesUser } from './job.js';
import type { Place, QueueAddress } from './layout.js';
import { PLACES, keyOf } from './layout.js';

/**
 * Up to this many jobs are read one by one. SORT_RO would change the encoding of a small sorted set in
 * memory (not its content), and reading must change nothing.
 */
const FEW = 128;

/** The number of jobs whose data come in one reply. */
const JOBS_AT_ONCE = 1000;

/**
 * Yields the jobs whose data name the user. SORT_RO reads the data of a whole list in a third of the time
 * of a command for each job; it is best where all jobs of a state are wanted. Jobs that have moved since,
 * and all jobs where SORT_RO cannot be used, are read one by one.
 */
export async function* idsOfUser(
  redis: RedisReader,
  queue: QueueAddress,
  wanted: Wanted,
  { userId, signal }: { userId: string; signal: AbortSignal },
): AsyncGenerator<[id: string, state: QueueState][]> {
  const unseen = new Map(wanted);
  const isOfUser = (data: string | null | undefined): boolean =>
    typeof data === 'string' && namesUser(data, userId);
  const mayName = userFinder(userId);
  for await (const page of dataByList(redis, queue, unseen)) {
    signal.throwIfAborted();
    const matching: [id: string, state: QueueState][] = [];
    for (const [idBytes, data] of page) {
      const id = idBytes.toString('utf8');
      const state = unseen.get(id);
      const isMatch = data !== null && mayName(data) && isOfUser(data.toString('utf8'));
      if (state !== undefined && isMatch) matching.push([id, state]);
      unseen.delete(id);
    }
    yield matching;
  }
  for (const page of pagesOf(unseen)) {
    signal.throwIfAborted();
    const keys = page.map(([id]) => keyOf(queue, id));
    const hashes = await readHashes(redis, keys, ['data']);
    yield page.filter((_job, index) => {
      const fields = hashes[index];
      return fields !== 'wrong type' && isOfUser(fields?.[0]);
    });
  }
}

/**
 * Returns a quick test that never misses a user: JSON without a backslash contains an id that is a text as
 * it is. An id that looks like a number may be a number, which has several spellings.
 */
function userFinder(userId: string): (data: Buffer) => boolean {
  if (String(Number(userId)) === userId) return () => true;
  const quoted = Buffer.from(`"${userId}"`);
  return (data) => data.includes(quoted) || data.includes(BACKSLASH);
}

const BACKSLASH = 0x5c;

/** The data are not decoded: for most jobs it is enough to search the bytes for the user. */
type JobData = [id: Buffer, data: Buffer | null];

/** Yields the data of the jobs in the lists of the unseen ones. Ends early if Redis refuses. */
async function* dataByList(
  redis: RedisReader,
  queue: QueueAddress,
  unseen: ReadonlyMap<string, QueueState>,
): AsyncGenerator<JobData[]> {
  const pattern = keyOf(queue, '*->data');
  // Redis replaces the first star with the id.
  if (pattern.indexOf('*') < pattern.lastIndexOf('*')) return;
  for (const place of placesOf(unseen)) {
    const list = keyOf(queue, place.suffix);
    const read = (from: number): Promise<JobData[] | undefined> => {
      const range = ['BY', 'nosort', 'LIMIT', from, JOBS_AT_ONCE];
      return unlessRefused(redis.callBuffer('SORT_RO', list, ...range, 'GET', '#', 'GET', pattern));
    };
    let next: ReturnType<typeof read> | undefined = read(0);
    for (let from = JOBS_AT_ONCE; next !== undefined && unseen.size > 0; from += JOBS_AT_ONCE) {
      const page: JobData[] | undefined = await next;
      if (page === undefined) return;
      // The next page is requested while this one is worked on.
      next = page.length < JOBS_AT_ONCE ? undefined : read(from);
      // Awaiting it reports a failure; a reader that stops early does not await it.
      next?.catch(() => undefined);
      if (page.length > 0) yield page;
    }
  }
}

function placesOf(jobs: ReadonlyMap<string, QueueState>): Set<Place> {
  const counts = new Map<QueueState, number>();
  for (const state of jobs.values()) counts.set(state, (counts.get(state) ?? 0) + 1);
  const states = new Set([...counts].filter(([, count]) => count > FEW).map(([state]) => state));
  // From version 6 on the paused jobs lie in `wait`.
  if (states.has('paused')) states.add('waiting');
  return new Set(PLACES.filter(({ state }) => states.has(state)));
}

/**
 * Resolves to `undefined` where Redis does not know the command (before version 7), or the user lacks the
 * right to read all keys, which it requires. Any other refusal comes again with the next command.
 */
async function unlessRefused(answer: Promise<unknown>): Promise<JobData[] | undefined> {
  let flat: (Buffer | null)[];
  try {
    flat = (await answer) as (Buffer | null)[];
  } catch (error) {
    if (isRefusedByServer(error)) return undefined;
    throw error;
  }
  return flat.flatMap((id, index) =>
    index % 2 === 0 && id !== null ? [[id, flat[index + 1] ?? null]] : [],
  );
}
