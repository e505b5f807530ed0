import type * as BullMQ from 'bullmq';
import { MangamotionError } from '../../errors.js';

export type Bull = typeof BullMQ;

/**
 * Loads BullMQ, an optional dependency that nothing else needs. Rejects with `configuration` if it is not
 * installed.
 */
export async function loadBullMQ(): Promise<Bull> {
  try {
    return await import('bullmq');
  } catch (error) {
    throw new MangamotionError(
      'configuration',
      'BullMQ, which hands out shards, is not installed',
      {
        hint: 'run "npm install -g bullmq@6" where this program is installed globally, or "npm install bullmq@6" in its project',
        cause: error,
      },
    );
  }
}
