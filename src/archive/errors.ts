import { MangamotionError } from '../errors.js';

/** Returns the error for bytes that are not those that were written. `message` names the place. */
export function damagedArchive(message: string, cause?: unknown): MangamotionError {
  return new MangamotionError('damaged', message, {
    hint: 'Run "mangamotion backup verify" on it to see all damage.',
    cause,
  });
}
