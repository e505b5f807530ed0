import { type JobFiles, type ObjectPlace, placesIn } from './return-value.js';

/** Lists the keys at which files of a job may lie. Pure: it does not check which of them exist. */

/**
 * The places of these path templates, in their order. The id goes into the key as it is: keys are
 * flat, so that `..` and `*` mean nothing in them.
 */
export function placesOf(
  templates: readonly string[],
  jobId: string,
  jobBucket: string | undefined,
): ObjectPlace[] {
  return templates.map((template) => {
    const path = template.replaceAll('{job}', () => jobId);
    if (jobBucket !== undefined) return { bucket: jobBucket, key: path };
    const slash = path.indexOf('/');
    return { bucket: path.slice(0, slash), key: path.slice(slash + 1) };
  });
}

/**
 * Returns the places where the result of a job may be: the known ones, then those that its return value
 * names.
 */
export function resultPlaces(
  job: { id: string; returnValue: unknown },
  templates: readonly string[],
  { jobBucket, storeUrls }: JobFiles,
): ObjectPlace[] {
  const known = placesOf(templates, job.id, jobBucket);
  const returned = placesIn(job.returnValue, { jobBucket, storeUrls });
  const places = new Map([...known, ...returned].map((place) => [placeText(place), place]));
  return [...places.values()];
}

/** `bucket/key`, for messages. */
export function placeText({ bucket, key }: ObjectPlace): string {
  return `${bucket}/${key}`;
}
