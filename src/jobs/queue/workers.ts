import { isMangamotionError } from '../../errors.js';
import { isRefusedByServer } from '../../redis/errors.js';
import type { RedisReader } from '../../redis/reader.js';
import type { QueueAddress } from './layout.js';

/** Commands with which workers wait for a job. A worker whose client has no name can be any queue's. */
const WAITING = /^(brpoplpush|blmove|bzpopmin|bzmpop|blpop|brpop)$/i;

/**
 * Resolves to whether a worker of the queue is connected, and to `undefined` where that is not known: the
 * clients may not be listed, the server is a replica (workers use the master), or a client without a name
 * waits for jobs. Workers call themselves after the queue; those of version 5 and later may add a name.
 */
export async function hasWorker(
  redis: RedisReader,
  queue: QueueAddress,
): Promise<boolean | undefined> {
  const seen = await seenWorkers(redis, queue);
  if (seen === undefined) return undefined;
  if (seen.count > 0) return true;
  return seen.isSure ? false : undefined;
}

/** What the list of clients shows of the workers of a queue. */
export interface SeenWorkers {
  count: number;
  /** There are no others. */
  isSure: boolean;
}

/** Resolves to `undefined` where the clients may not be listed. */
export async function seenWorkers(
  redis: RedisReader,
  { prefix, name }: QueueAddress,
): Promise<SeenWorkers | undefined> {
  let list: string;
  try {
    list = String(await redis.call('CLIENT', 'LIST'));
  } catch (error) {
    if (isRefusedByServer(error) || isMangamotionError(error, 'access_denied')) return undefined;
    throw error;
  }
  const own = `${prefix}:${Buffer.from(name).toString('base64')}`;
  const seen: SeenWorkers = { count: 0, isSure: true };
  for (const line of list.split('\n')) {
    const client = fieldsOf(line);
    if (client.name === own || client.name?.startsWith(`${own}:w:`) === true) seen.count += 1;
    const isNameless = client.name === '' && WAITING.test(client.cmd ?? '');
    if (isNameless || client.flags?.includes('M') === true) seen.isSure = false;
  }
  return seen;
}

/** Reads `id=3 addr=127.0.0.1:1 name= flags=N cmd=get`. */
function fieldsOf(line: string): Partial<Record<string, string>> {
  return Object.fromEntries(
    line.split(' ').map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}
