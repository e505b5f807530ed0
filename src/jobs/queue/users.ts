import { isRefusedByServer } from '../../redis/errors.js';
import { readHashes } from '../../redis/reader.js';
import type { RedisReader } from '../../redis/reader.js';
import type { QueueState } from '../job.js';
import { pagesOf } from '../pages.js';
import { namesUser } from './job.js';
import type { Place, QueueAddress } from './layout.js';
import { PLACES, keyOf } from './layout.js';

/**
 * So many are asked for job by job. SORT would also change how Redis keeps a small sorted set in memory
 * (not what is in it): nothing is to be different for having been looked at.
 */
const FEW = 128;

type WantedJob = readonly [id: string, state: QueueState];

/** Jobs whose data come in one reply. */
const JOBS_AT_ONCE = 1000;

/**
 * Those of the jobs whose data name the user. The data of a whole list come by SORT_RO, which takes
 * a third of the time of a command for each job; it serves best where all jobs of a state are wanted.
 * What has moved since, and everything where SORT_RO cannot be used, is asked for job by job.
 */
export async function* idsOfUser(
  redis: RedisReader,
  queue: QueueAddress,
  wanted: Iterable<WantedJob>,
  { userId, signal }: { userId: string; signal: AbortSignal },
): AsyncGenerator<WantedJob[]> {
  const unseen = new Map(wanted);
  const isOfUser = (data: string | null | undefined): boolean =>
    typeof data === 'string' && namesUser(data, userId);
  const mayName = userFinder(userId);
  for await (const page of dataByList(redis, queue, unseen)) {
    signal.throwIfAborted();
    const matching: WantedJob[] = [];
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
 * A quick test that never misses: in JSON without a backslash an id that is a text stands there as
 * it is. One that looks like a number may be one, which has several spellings.
 */
function userFinder(userId: string): (data: Buffer) => boolean {
  if (String(Number(userId)) === userId) return () => true;
  const quoted = Buffer.from(`"${userId}"`);
  return (data) => data.includes(quoted) || data.includes(BACKSLASH);
}

const BACKSLASH = 0x5c;

/** Not decoded: of most jobs it is enough to look for the user in the bytes. */
type JobData = [id: Buffer, data: Buffer | null];

/** The data of the jobs in the lists of the unseen ones. Ends early where Redis refuses. */
async function* dataByList(
  redis: RedisReader,
  queue: QueueAddress,
  unseen: ReadonlyMap<string, QueueState>,
): AsyncGenerator<JobData[]> {
  const pattern = keyOf(queue, '*->data');
  // Redis puts the id in the place of the first star.
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
      // The next page is on its way while this one is worked on.
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
 * `undefined` where Redis does not know the command (before version 7), or does not permit it: it
 * wants the right to read all keys for it. Any other refusal comes again with the next command.
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
