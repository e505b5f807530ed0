import { hasStoreCredentials } from '../../config/load.js';
import { isMangamotionError } from '../../errors.js';
import { inParallel } from '../../in-parallel.js';
import type { ObjectPlace } from '../../jobs/places.js';
import { placesOf, refusalText, refusedBuckets, resultPlaces } from '../../jobs/places.js';
import { findArtifact, type Artifact as FoundObject } from '../../jobs/result.js';
import type { JobRow } from '../../jobs/row.js';
import type { ObjectStore } from '../../object-store/port.js';
import { jobFilesOf } from './files.js';
import { ATTEMPTS, givingUpSoon, isUnavailable, type StoreAccess } from './store-access.js';

/** An object that belongs to a job. */
export interface Artifact extends ObjectPlace {
  kind: 'result' | 'preview' | 'other';
  sizeBytes: number;
  contentType: string | null;
  /** RFC 3339. */
  lastModified: string;
}

export interface JobArtifacts {
  /** False where the store was not asked, or did not answer. */
  looked: boolean;
  found: readonly Artifact[];
  /** Why the store could not be asked, with its address. */
  failure: Error | undefined;
  /** Sentences for people about the places that the store refuses to show. */
  notes: readonly string[];
}

const NOT_LOOKED: JobArtifacts = { looked: false, found: [], failure: undefined, notes: [] };
/** The most objects that are listed in each folder of the job. */
const MOST_LISTED = 50;
const AT_ONCE = 8;

/** What lies in the object store of a job: its result, its preview, and what is beside them. */
export async function findArtifacts(
  { config, openStore, signal }: StoreAccess,
  row: JobRow,
  { look, anyBucket }: { look: boolean; anyBucket: boolean },
): Promise<JobArtifacts> {
  if (!look || !hasStoreCredentials(config)) return NOT_LOOKED;
  const files = jobFilesOf(config, { anyBucket });
  const outcome = { id: row.id, returnValue: row.job?.returnValue ?? null };
  const results = resultPlaces(outcome, config.jobs.resultPaths, files);
  const previews = placesOf(config.jobs.previewPaths, row.id, files.jobBucket);
  try {
    const store = await openStore();
    const named = [
      ...(await firstOf(store, results, 'result', signal)),
      ...(await firstOf(store, previews, 'preview', signal)),
    ];
    const others = await besides(store, [...results, ...previews], row.id, signal);
    const known = new Set(named.map(nameOf));
    const found = [...named, ...others.filter((other) => !known.has(nameOf(other)))];
    const refused = refusedBuckets(outcome.returnValue, files);
    const isFound = found.some(({ kind }) => kind === 'result');
    const notes = refused.length === 0 || isFound ? [] : [refusalText(refused)];
    return { looked: true, found, failure: undefined, notes };
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    return { ...NOT_LOOKED, failure: error };
  }
}

const nameOf = ({ bucket, key }: ObjectPlace): string => `${bucket}/${key}`;

async function firstOf(
  store: ObjectStore,
  places: readonly ObjectPlace[],
  kind: Artifact['kind'],
  signal: AbortSignal,
): Promise<Artifact[]> {
  const found = await findArtifact(givingUpSoon(store), places, signal);
  return found === undefined ? [] : [artifactOf(found, kind)];
}

/** What else is in the folders of the job: those whose name has its id as a part. */
async function besides(
  store: ObjectStore,
  places: readonly ObjectPlace[],
  id: string,
  signal: AbortSignal,
): Promise<Artifact[]> {
  const folders = new Map<string, ObjectPlace>();
  for (const { bucket, key } of places) {
    const prefix = key.slice(0, key.lastIndexOf('/') + 1);
    if (`/${prefix}`.includes(`/${id}/`))
      folders.set(`${bucket}/${prefix}`, { bucket, key: prefix });
  }
  const keys: ObjectPlace[] = [];
  for (const { bucket, key: prefix } of folders.values()) {
    keys.push(...(await listed(store, bucket, prefix, signal)));
  }
  const found = await inParallel(AT_ONCE, keys, async (place) => {
    const object = await findArtifact(givingUpSoon(store), [place], signal);
    return object && artifactOf(object, 'other');
  });
  return found.filter((artifact) => artifact !== undefined);
}

async function listed(
  store: ObjectStore,
  bucket: string,
  prefix: string,
  signal: AbortSignal,
): Promise<ObjectPlace[]> {
  const options = { prefix, maxKeys: MOST_LISTED, signal, attempts: ATTEMPTS };
  try {
    const { objects } = await store.listPage(bucket, options);
    return objects.map(({ key }) => ({ bucket, key }));
  } catch (error) {
    if (isMangamotionError(error, 'not_found')) return [];
    throw error;
  }
}

function artifactOf({ bucket, key, head }: FoundObject, kind: Artifact['kind']): Artifact {
  return {
    ...{ bucket, key, kind },
    sizeBytes: head.sizeBytes,
    contentType: head.headers['content-type'] ?? null,
    lastModified: head.lastModified,
  };
}

export function artifactJson(artifact: Artifact) {
  return {
    kind: artifact.kind,
    bucket: artifact.bucket,
    key: artifact.key,
    size_bytes: artifact.sizeBytes,
    content_type: artifact.contentType,
    last_modified: artifact.lastModified,
  };
}
