import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Returns a function that counts bytes that have become garbage outside of the heap, and collects them
 * now and then. The engine sees little of such memory, so that by itself it lets 60 MB gather in a
 * thread.
 */
export function collector(everyBytes: number): (bytes: number) => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: { type: 'minor' }) => void;
  let garbageBytes = 0;
  return (bytes) => {
    garbageBytes += bytes;
    if (garbageBytes < everyBytes) return;
    garbageBytes = 0;
    collect({ type: 'minor' });
  };
}
