import { countOf, formatCount } from '../../count-of.js';
import type { Directory } from '../../archive/directory.js';
import { LARGEST_DOCUMENT_BYTES } from '../../archive/limits.js';
import { bucketDocumentPath } from '../../archive/paths.js';
import { BUCKET_DOCUMENTS } from '../../object-store/bucket-documents.js';
import { archiveNamesOf, backupTimeOf, backupTypeOf } from '../../repository/names.js';
import { redisMembersOf } from '../../repository/key-members.js';
import { type Summary, objectsIn } from '../../repository/summary.js';

/**
 * Compares facts that a backup states more than once: in its summary, its directory and
 * `metadata/buckets.json`. They may contradict each other even if all digests are right. Pure.
 */

export interface Disagreement {
  kind: 'summary' | 'directory' | 'document' | 'redis';
  message: string;
}

const BUCKETS_FILE = 'metadata/buckets.json';

/** Returns the entry of `metadata/buckets.json`; `undefined` if there is none. */
export function bucketsDocumentOf({ archive, documents }: Directory) {
  return documents.find(({ path }) => path === `${archive}/${BUCKETS_FILE}`);
}

export function compareSummary(summary: Summary, directory: Directory): Disagreement[] {
  return [
    ...compareName(summary),
    ...compareCounts(summary, directory),
    ...compareBuckets(summary, directory),
    ...compareChunks(summary, directory),
    ...compareDocuments(summary, directory),
    ...compareRedisMembers(summary, directory),
  ];
}

/** Compares the id with the type, the time and the archive's name, which it contains. */
function compareName({ id, type, created_at, archive }: Summary): Disagreement[] {
  const wrong: string[] = [];
  if (type !== backupTypeOf(id)) wrong.push(`type ${type}`);
  const seconds = (time: Date) => Math.floor(time.getTime() / 1000);
  if (seconds(new Date(created_at)) !== seconds(backupTimeOf(id))) wrong.push(created_at);
  if (!archiveNamesOf(id).includes(archive.file)) wrong.push(archive.file);
  return wrong.map((what) => ({
    kind: 'summary',
    message: `the summary of ${id} says ${JSON.stringify(what)}`,
  }));
}

function compareCounts(summary: Summary, directory: Directory): Disagreement[] {
  if (directory.objects === objectsIn(summary) && directory.bytes === summary.bytes) return [];
  const message = 'the directory does not hold the objects that the summary counts';
  return [{ kind: 'directory', message }];
}

function compareBuckets(summary: Summary, directory: Directory): Disagreement[] {
  const inSummary = new Map(summary.buckets.map((bucket) => [bucket.name, bucket]));
  const disagreements = directory.buckets.flatMap(({ name, objects, bytes }): Disagreement[] => {
    const other = inSummary.get(name);
    inSummary.delete(name);
    if (other?.objects === objects && other.bytes === bytes) return [];
    const says =
      other === undefined
        ? 'does not have it'
        : `says ${countOf(other.objects, 'object')} (${countOf(other.bytes, 'byte')})`;
    const has = `the directory has bucket ${name} with ${countOf(objects, 'object')} (${countOf(bytes, 'byte')})`;
    return [{ kind: 'directory', message: `${has}, but the summary ${says}` }];
  });
  for (const name of inSummary.keys()) {
    const message = `the summary has bucket ${JSON.stringify(name)}, but the directory does not`;
    disagreements.push({ kind: 'directory', message });
  }
  if (new Set(summary.buckets.map(({ name }) => name)).size < summary.buckets.length) {
    disagreements.push({ kind: 'summary', message: 'the summary has a bucket twice' });
  }
  return disagreements;
}

function compareChunks({ id, references }: Summary, { chunks }: Directory): Disagreement[] {
  const known = new Set([id, ...references]);
  const unknown = new Set(chunks.map(({ archive }) => archive).filter((name) => !known.has(name)));
  return [...unknown].map((name) => ({
    kind: 'directory',
    message: `the index names an archive that the summary does not: ${JSON.stringify(name)}`,
  }));
}

function compareDocuments({ id, fidelity }: Summary, directory: Directory): Disagreement[] {
  const disagreements: Disagreement[] = [];
  const add = (message: string) => disagreements.push({ kind: 'document', message });
  const paths = new Set(directory.documents.map(({ path }) => path));
  if (paths.size < directory.documents.length) add('two documents share one file');
  for (const { path, size } of directory.documents) {
    // Readers refuse larger documents.
    const isRead = path.startsWith(`${id}/metadata/`) || path.startsWith(`${id}/redis/`);
    const isTooLarge = isRead && size > LARGEST_DOCUMENT_BYTES;
    if (isTooLarge) add(`${JSON.stringify(path)} is larger than a document can be`);
  }
  if (!paths.delete(`${id}/${BUCKETS_FILE}`)) add(`${BUCKETS_FILE} is missing`);

  const names = new Set(directory.buckets.map(({ name }) => name));
  for (const { bucket, document, state } of fidelity.documents) {
    const what = `${document} of bucket ${JSON.stringify(bucket)}`;
    if (!names.has(bucket)) add(`the summary has the ${what}, which the directory does not have`);
    const form = BUCKET_DOCUMENTS.find(({ kind }) => kind === document);
    // Only a later version knows this kind of document.
    if (form === undefined) continue;
    const isThere = paths.delete(`${id}/${bucketDocumentPath(bucket, form.fileName)}`);
    if (state === 'captured' && !isThere) add(`the ${what} is missing`);
    if (state !== 'captured' && isThere) {
      add(`the ${what} exists, although the summary calls it ${state}`);
    }
  }
  for (const path of paths) {
    const why = whyUnexpected(path, id, names);
    if (why !== undefined) add(`${JSON.stringify(path)} ${why}`);
  }
  return disagreements;
}

function compareRedisMembers({ redis }: Summary, directory: Directory): Disagreement[] {
  const members = redisMembersOf(directory);
  const bytes = members.reduce((sum, { size }) => sum + size, 0);
  const said = redis ?? { members: 0, bytes: 0 };
  if (said.members === members.length && said.bytes === bytes) return [];
  const has = `the directory has ${countOf(members.length, 'member')} with keys of Redis (${countOf(bytes, 'byte')})`;
  const says =
    redis === undefined
      ? 'has none'
      : `says ${formatCount(said.members)} (${countOf(said.bytes, 'byte')})`;
  return [{ kind: 'redis', message: `${has}, but the summary ${says}` }];
}

/** Returns why a document is unexpected that the summary does not mention. */
function whyUnexpected(path: string, id: string, buckets: ReadonlySet<string>): string | undefined {
  if (!path.startsWith(`${id}/`)) return 'is not a document of this archive';
  const [folder, bucket = '', file = '', ...more] = path.slice(id.length + 1).split('/');
  // A later version may have other documents, or other paths.
  if (folder !== 'metadata' || more.length > 0) return undefined;
  if (!buckets.has(bucket)) return 'belongs to no bucket of the directory';
  const isKnown = BUCKET_DOCUMENTS.some(({ fileName }) => fileName === file);
  return isKnown ? 'exists, but the summary does not have it' : undefined;
}

/** Compares the content of `metadata/buckets.json` with the directory. */
export function compareBucketsDocument(content: Buffer, directory: Directory): Disagreement[] {
  const inSummary = bucketsIn(content);
  const facts = directory.buckets.map(({ name, created_at, region }) =>
    factsOf(name, created_at, region),
  );
  if (inSummary !== undefined && JSON.stringify(inSummary) === JSON.stringify(facts)) return [];
  const message = `${BUCKETS_FILE} does not have the buckets of the directory`;
  return [{ kind: 'document', message }];
}

/** Returns the facts about the buckets; `undefined` if the content is not a list of buckets. */
function bucketsIn(content: Buffer): string[] | undefined {
  try {
    const { buckets } = JSON.parse(content.toString('utf8')) as { buckets: unknown };
    if (!Array.isArray(buckets)) return undefined;
    return buckets.map((bucket: Record<string, unknown>) =>
      factsOf(bucket.name, bucket.created_at, bucket.region),
    );
  } catch {
    return undefined;
  }
}

function factsOf(...facts: unknown[]): string {
  return JSON.stringify(facts);
}
