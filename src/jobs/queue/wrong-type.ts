import { MangamotionError } from '../../errors.js';
import { isWrongType } from '../../redis/errors.js';

/** Resolves to the answer about a key. Rejects with `damaged` where the key is of a wrong type. */
export async function orDamaged<T>(key: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw isWrongType(error) ? wrongTypeOf(key, error) : error;
  }
}

export function wrongTypeOf(key: string, cause: unknown): MangamotionError {
  return new MangamotionError('damaged', `the key ${key} is not what BullMQ keeps there`, {
    hint: `see what it is: redis-cli TYPE ${key}`,
    cause,
  });
}
