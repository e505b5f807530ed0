import { MangamotionError } from '../errors.js';

/** The archive's bytes are not what was written. `message` names the place. */
export function damagedArchive(message: string, cause?: unknown): MangamotionError {
  return new MangamotionError('damaged', message, {
    hint: 'Run "mangamotion backup verify" on it to see all that is wrong.',
    cause,
  });
}
