import { once } from 'node:events';
import { PerformanceObserver, constants } from 'node:perf_hooks';
import { getHeapSpaceStatistics } from 'node:v8';
import { Worker } from 'node:worker_threads';

/**
 * Makes garbage as a backup of many small objects does: a window of live objects that moves on, so
 * that what leaves it has grown old. Prints as JSON how often V8 collected the old generation, and
 * the most bytes that it took for new objects. With an argument, `keepHeapSmall` of that module is
 * called before.
 */
const module = process.argv[2];
if (module !== undefined) (await import(module)).keepHeapSmall();
// A backup has a thread.
const thread = new Worker('setInterval(() => {}, 1000)', { eval: true });
await once(thread, 'online');
thread.unref();

let collections = 0;
new PerformanceObserver((list) => {
  for (const { detail } of list.getEntries()) {
    if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) collections += 1;
  }
}).observe({ entryTypes: ['gc'] });

const live = new Array(200_000);
let newSpaceBytes = 0;
for (let i = 0; i < 6_000_000; i++) {
  live[i % live.length] = { key: `jobs/${i}`, size: i, tags: [i] };
  if (i % 100_000 > 0) continue;
  const spaces = getHeapSpaceStatistics();
  const { space_size: bytes } = spaces.find(({ space_name: name }) => name === 'new_space');
  newSpaceBytes = Math.max(newSpaceBytes, bytes);
  // The observer gets its turn.
  await new Promise((resolve) => setImmediate(resolve));
}
await new Promise((resolve) => setTimeout(resolve, 50));
process.stdout.write(JSON.stringify({ collections, newSpaceBytes }));
