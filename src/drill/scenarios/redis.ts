import type { DrillContext, DrillOptions } from '../context.js';
import type { DrillResult } from '../result.js';
import { failedResult } from './restore.js';

/** Restores the Redis data of a backup into a Redis of the drill's own. */
export function drillRedis(_context: DrillContext, options: DrillOptions): Promise<DrillResult> {
  const untried = 'the backup holds no Redis data';
  return Promise.resolve(failedResult('redis', options, { untried }));
}
