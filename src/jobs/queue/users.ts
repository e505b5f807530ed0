import type { RedisReader } from '../../redis/reader.js';
import type { QueueState } from '../job.js';
import { pagesOf } from '../pages.js';
import type { Wanted } from '../sources.js';
import { namesUser } from './job.js';
import type { QueueAddress } from './layout.js';
import { keyOf } from './layout.js';
import type { OnData } from './values.js';
import { MOST_ROW_BYTES, replies, valuesOf, wasRead } from './values.js';

/** Longer data are searched as bytes: for most jobs it is enough to look for the user in them. */
const TEXT_BYTES = 16 * 1024;

interface UserSearch {
  userId: string;
  signal: AbortSignal;
  onData: OnData;
}

/** Yields the jobs whose data name the user. The data are read a few megabytes at a time. */
export async function* idsOfUser(
  redis: RedisReader,
  queue: QueueAddress,
  wanted: Wanted,
  { userId, signal, onData }: UserSearch,
): AsyncGenerator<[id: string, state: QueueState][]> {
  const limits = { text: TEXT_BYTES, read: MOST_ROW_BYTES };
  for (const page of pagesOf(wanted)) {
    signal.throwIfAborted();
    const keys = page.map(([id]) => keyOf(queue, id));
    const lengths = await replies(
      redis,
      keys.map((key) => ['hstrlen', key, 'data']),
    );
    const wishes = keys.map((key, at) => ({ key, lengths: { data: Number(lengths[at] ?? 0) } }));
    const matching: [id: string, state: QueueState][] = [];
    for await (const { index, values } of valuesOf(redis, wishes, limits)) {
      signal.throwIfAborted();
      const job = page[index];
      if (job === undefined) continue;
      onData(job[0], wasRead(values.data));
      if (namesUser(values.data ?? null, userId)) matching.push([...job]);
    }
    yield matching;
  }
}
