import { countOf } from '../count-of.js';
import type { Eviction } from '../redis/eviction.js';

/** Returns what the eviction of keys means for counters, for the end of `Redis …`. */
export function evictionText({ evictedKeys, policy }: Eviction): string {
  const by = policy === undefined ? '' : ` (maxmemory-policy ${policy})`;
  if (evictedKeys === 0) return `evicts keys when its memory is full${by}: counters may get lost`;
  return `has evicted ${countOf(evictedKeys, 'key')} since it started${by}: counters may be lost, and sums too small`;
}

export const EVICTION_REMEDY = 'set maxmemory-policy noeviction, and enough maxmemory';
