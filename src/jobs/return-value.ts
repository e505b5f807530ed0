/** `http://host:port`, one for each address of the store. */
type StoreUrls = readonly string[];

export interface ObjectPlace {
  bucket: string;
  key: string;
}

/** How files of jobs are laid out in this deployment. */
export interface JobFiles {
  /** The bucket of all files, where there is a single one; else a path begins with its bucket. */
  jobBucket: string | undefined;
  /** `http://host:port` of the store, as workers may write it. */
  storeUrls: StoreUrls;
}

/** A worker's answer is small; a hostile one must not make a thousand requests. */
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
 * The places that the return value of a job names: a text, or texts in an object at members whose
 * names tell that they are results. A text is a path that begins with a bucket (or lies in the
 * bucket of all files), an `s3://` URL, or a URL of the store itself. What is no such text is passed
 * over: a worker may return anything.
 */
export function placesIn(value: unknown, files: JobFiles): ObjectPlace[] {
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

/** `{"bucket": …, "key": …}`. */
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

/** A URL of the store, presigned or not; those of others are none of ours. */
function placeOfUrl(text: string, files: JobFiles): ObjectPlace | undefined {
  if (!URL.canParse(text)) return undefined;
  const { origin, pathname } = new URL(text);
  if (!files.storeUrls.some((url) => new URL(url).origin === origin)) return undefined;
  try {
    const path = decodeURIComponent(pathname.slice(1));
    return placeOfPath(path, { ...files, jobBucket: undefined });
  } catch {
    // A percent sign that begins nothing: no server wrote that.
    return undefined;
  }
}

function placeOfPath(path: string, { jobBucket }: JobFiles): ObjectPlace | undefined {
  const slash = path.indexOf('/');
  const [first, rest] = [path.slice(0, Math.max(0, slash)), path.slice(slash + 1)];
  // `bucket/prefix/…` is written too where all files are in that bucket.
  if (jobBucket === undefined || first === jobBucket) return checked(first, rest);
  return slash > 0 ? checked(jobBucket, path) : undefined;
}

/** A folder, a text with line ends and the like are no object. */
function checked(bucket: string, key: string): ObjectPlace | undefined {
  const isKey =
    key !== '' &&
    !key.endsWith('/') &&
    Buffer.byteLength(key) <= MOST_KEY_BYTES &&
    !/[\u0000-\u001f\u007f]/.test(key);
  return isKey && BUCKET_NAME.test(bucket) ? { bucket, key } : undefined;
}
