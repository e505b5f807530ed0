import type { Redis } from 'ioredis';
import { keyOf } from './queue.js';

/** Jobs that one script removes: others wait meanwhile. */
const MOST_AT_ONCE = 200;

/**
 * Removes jobs, also locked ones, which BullMQ's own script refuses. The lists are read from their left,
 * so that each job is found at once.
 */
const REMOVE = `
local prefix = KEYS[1]
local places = tonumber(ARGV[1])
for at = places + 2, #ARGV do
  local id = ARGV[at]
  local found = 0
  for place = 2, places + 1 do
    local key = prefix .. ARGV[place]
    if ARGV[place] == 'failed' or ARGV[place] == 'completed' then found = found + redis.call('zrem', key, id)
    else found = found + redis.call('lrem', key, 1, id) end
  end
  if found > 0 then
    redis.call('srem', prefix .. 'stalled', id)
    redis.call('del', prefix .. id, prefix .. id .. ':lock')
  end
end`;

/** Removes the other keys of a queue that has no job. One that somebody has paused stays so. */
const TIDY = `
local prefix = KEYS[1]
for _, place in ipairs({'wait', 'active', 'failed', 'completed', 'delayed', 'prioritized', 'paused'}) do
  if redis.call('exists', prefix .. place) == 1 then return 0 end
end
for _, name in ipairs({'id', 'events', 'stalled', 'marker'}) do redis.call('del', prefix .. name) end
if redis.call('hexists', prefix .. 'meta', 'paused') == 0 then redis.call('del', prefix .. 'meta') end
return 1`;

/**
 * Removes jobs that are in one of the places, also those that a worker has locked; those that are elsewhere by
 * now stay. Costs one script for each 200.
 */
export async function removeJobs(
  redis: Redis,
  queue: string,
  ids: readonly string[],
  places: readonly string[],
): Promise<void> {
  for (let from = 0; from < ids.length; from += MOST_AT_ONCE) {
    const some = ids.slice(from, from + MOST_AT_ONCE);
    await redis.eval(REMOVE, 1, keyOf(queue, ''), String(places.length), ...places, ...some);
  }
}

/** Removes what a queue without jobs does not need. */
export async function tidyQueue(redis: Redis, queue: string): Promise<void> {
  await redis.eval(TIDY, 1, keyOf(queue, ''));
}
