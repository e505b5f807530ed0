/**
 * Determines where files of a job may be in the object store. Everything here is pure: whether an object
 * exists is not checked.
 */

export interface ObjectPlace {
  bucket: string;
  key: string;
}

/** How files of jobs are laid out in this deployment. */
export interface JobFiles {
  /** The bucket of all files; `undefined` where a path begins with its bucket. */
  jobBucket: string | undefined;
  /** The addresses of the store that workers may use, as `http://host:port`. */
  storeUrls: readonly string[];
  /** The buckets that a return value may name; `undefined` for any. */
  resultBuckets: readonly string[] | undefined;
}

/**
 * Returns the places of these path templates, in their order. The id becomes a part of the key as it is:
 * keys are flat, so that `..` and `*` mean nothing in them.
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
 * names in the buckets in which it may. Whoever can write a return value must not choose any object that
 * the operator can read.
 */
export function resultPlaces(
  job: { id: string; returnValue: unknown },
  templates: readonly string[],
  files: JobFiles,
): ObjectPlace[] {
  const known = placesOf(templates, job.id, files.jobBucket);
  const returned = placesIn(job.returnValue, files).filter((place) => isAllowed(place, files));
  const places = new Map([...known, ...returned].map((place) => [placeText(place), place]));
  return [...places.values()];
}

/** Returns the buckets that the return value names and may not. */
export function refusedBuckets(returnValue: unknown, files: JobFiles): string[] {
  const refused = placesIn(returnValue, files).filter((place) => !isAllowed(place, files));
  return [...new Set(refused.map(({ bucket }) => bucket))];
}

/** Says that the buckets, of which there is one at least, are not looked into. */
export function refusalText(refused: readonly string[]): string {
  const what = refused.length === 1 ? 'the bucket' : 'the buckets';
  return `its return value names ${what} ${refused.join(', ')}, which may not hold results`;
}

function isAllowed({ bucket }: ObjectPlace, { resultBuckets }: JobFiles): boolean {
  return resultBuckets === undefined || resultBuckets.includes(bucket);
}

/** Returns `bucket/key`, for messages. */
export function placeText({ bucket, key }: ObjectPlace): string {
  return `${bucket}/${key}`;
}

/** A return value has few places; a hostile one must not cause a thousand requests. */
const MOST_PLACES = 8;
const MOST_DEPTH = 4;
const MOST_KEY_BYTES = 1024;

/** The field names under which workers record the path of a result. */
const RESULT_NAME =
  /output|result|path|key|url|uri|video|archive|file|zip|artifact|download|location/i;
/** Names of other files of a job. */
const OTHER_NAME = /thumb|preview|poster|input|original|source|log|error/i;
const BUCKET_NAME = /^[A-Za-z0-9][\w.-]{1,61}[A-Za-z0-9]$/;

/**
 * Returns the places that the return value of a job names: a text, or the texts of members whose names
 * suggest a result. A text is a path that begins with a bucket (or is in the bucket of all files), an
 * `s3://` URL, or a URL of the store itself. Anything else is ignored, since a worker may return anything.
 */
function placesIn(value: unknown, files: JobFiles): ObjectPlace[] {
  const places: ObjectPlace[] = [];
  collect(value, files, places, 0);
  return places.slice(0, MOST_PLACES);
}

function collect(value: unknown, files: JobFiles, places: ObjectPlace[], depth: number): void {
  if (places.length >= MOST_PLACES) return;
  if (typeof value === 'string') {
    const place = placeOf(value, files);
    if (place !== undefined) places.push(place);
    return;
  }
  if (typeof value !== 'object' || value === null || depth >= MOST_DEPTH) return;
  const exact = pairOf(value);
  if (exact !== undefined) places.push(exact);
  for (const [name, member] of Object.entries(value) as [string, unknown][]) {
    if (exact !== undefined && (name === 'key' || name === 'bucket')) continue;
    const isResult = Array.isArray(value) || (RESULT_NAME.test(name) && !OTHER_NAME.test(name));
    if (isResult) collect(member, files, places, depth + 1);
  }
}

/** Reads `{"bucket": …, "key": …}`. */
function pairOf(value: object): ObjectPlace | undefined {
  if (!('bucket' in value && 'key' in value)) return undefined;
  const { bucket, key } = value;
  if (typeof bucket !== 'string' || typeof key !== 'string') return undefined;
  return checked(bucket, key);
}

function placeOf(text: string, files: JobFiles): ObjectPlace | undefined {
  const [, scheme, rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text) ?? [];
  if (scheme === undefined) return placeOfPath(text.replace(/^\/+/, ''), files);
  if (scheme.toLowerCase() === 's3') return placeOfPath(rest, { ...files, jobBucket: undefined });
  return placeOfUrl(text, files);
}

/** Reads a URL of the store, presigned or not. URLs of other servers are ignored. */
function placeOfUrl(text: string, files: JobFiles): ObjectPlace | undefined {
  if (!URL.canParse(text)) return undefined;
  const { origin, pathname } = new URL(text);
  if (!files.storeUrls.some((url) => new URL(url).origin === origin)) return undefined;
  try {
    const path = decodeURIComponent(pathname.slice(1));
    return placeOfPath(path, { ...files, jobBucket: undefined });
  } catch {
    // A percent sign that is not followed by two digits: no server wrote that.
    return undefined;
  }
}

function placeOfPath(path: string, { jobBucket }: JobFiles): ObjectPlace | undefined {
  const slash = path.indexOf('/');
  const [first, rest] = [path.slice(0, Math.max(0, slash)), path.slice(slash + 1)];
  // A path may begin with the bucket even where all files are in one bucket.
  if (jobBucket === undefined || first === jobBucket) return checked(first, rest);
  return slash > 0 ? checked(jobBucket, path) : undefined;
}

/** Refuses keys and buckets that a result cannot have, such as a folder or a text with line ends. */
function checked(bucket: string, key: string): ObjectPlace | undefined {
  const isKey =
    key !== '' &&
    !key.endsWith('/') &&
    Buffer.byteLength(key) <= MOST_KEY_BYTES &&
    !/[\u0000-\u001f\u007f]/.test(key);
  return isKey && BUCKET_NAME.test(bucket) ? { bucket, key } : undefined;
}
