import { realpath } from 'node:fs/promises';
import { MangamotionError } from '../../errors.js';
import type { Destination } from '../destination.js';

/** Throws `usage` if both are the same folder or the same prefix of a bucket. */
export async function refuseSamePlace(source: Destination, target: Destination): Promise<void> {
  if ((await placeOf(source)) !== (await placeOf(target))) return;
  throw new MangamotionError(
    'usage',
    `${source.location} and ${target.location} are the same destination`,
    { hint: 'Name another folder, bucket or prefix to copy into.' },
  );
}

async function placeOf(destination: Destination): Promise<string> {
  const { place, folder } = destination.files();
  if (place !== undefined) return `${place.store.endpoint} ${place.bucket}/${place.prefix}`;
  return await realpath(folder ?? destination.location).catch(() => destination.location);
}
