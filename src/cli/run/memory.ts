import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import type { OpenRedis } from '../argv/command.js';

/**
 * By default V8 takes memory freely before it looks for garbage: a backup of 200,000 small objects,
 * which uses 30 MiB of heap, then peaks at 240 to 300 MiB of process memory. V8 reads these settings
 * whenever it decides how far the heap may grow, so they take effect in a process that runs already.
 */
export function keepHeapSmall(): void {
  // Look at twice what is in use. At 1.5 times a backup of large objects spends a tenth more CPU.
  setFlagsFromString('--heap-growing-percent=100');
  // The space for new objects stays as it begins: Node.js 24 would let it grow to 128 MiB.
  setYoungGrowth(1);
  // V8 sets this back to 2 for the whole process when a thread begins.
  process.on('worker', (worker) => worker.once('online', () => setYoungGrowth(youngGrowth)));
}

let youngGrowth: 1 | 2 = 2;

/** How much larger the space for new objects becomes in one step. */
function setYoungGrowth(factor: 1 | 2): void {
  youngGrowth = factor;
  setFlagsFromString(`--semi-space-growth-factor=${factor}`);
}

/**
 * For commands that need little of it anyhow: while large bodies pass, V8 would look for garbage all
 * the time, and a download of 500 MB spend half as much CPU again.
 */
export function letHeapGrow(): void {
  setFlagsFromString('--heap-growing-percent=0');
}

/**
 * For a server, whose heap is small between its answers: garbage is looked for at 1.3 times what is in use.
 * That keeps its peak some 15 MB lower, and takes a twentieth of its requests a second.
 */
export function keepServerSmall(): () => void {
  setFlagsFromString('--heap-growing-percent=30');
  return letYoungSpaceGrow(SMALL_YOUNG_BYTES);
}

/** Both halves together. It is where V8 ended by itself before Node.js 24. */
const MOST_YOUNG_BYTES = 32 * 1024 ** 2;
/** Where memory is short: for a server, and beside what is known of a million keys of Redis. */
const SMALL_YOUNG_BYTES = 16 * 1024 ** 2;

/**
 * For commands that make millions of objects that die soon: in a small space for new objects V8 collects
 * a thousand times and moves what is still in use, for half of the time of the command. The function
 * that is returned ends the growth when the space is large enough. Call it now and then.
 */
export function letYoungSpaceGrow(mostBytes = MOST_YOUNG_BYTES): () => void {
  setYoungGrowth(2);
  let isGrowing = true;
  return () => {
    if (!isGrowing || youngBytes() < mostBytes) return;
    isGrowing = false;
    setYoungGrowth(1);
  };
}

/** The connection for a command that reads or writes very many keys; see `letYoungSpaceGrow`. */
export function forManyKeys({ redis, close }: OpenRedis): OpenRedis {
  const boundYoungSpace = letYoungSpaceGrow(SMALL_YOUNG_BYTES);
  return {
    close,
    redis: {
      ...(redis.server !== undefined && { server: redis.server }),
      call: (...command) => redis.call(...command),
      callBuffer: (...command) => redis.callBuffer(...command),
      pipeline: (commands) => {
        boundYoungSpace();
        return redis.pipeline(commands);
      },
    },
  };
}

function youngBytes(): number {
  const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
  return young?.space_size ?? 0;
}
