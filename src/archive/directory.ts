import { countOf } from '../count-of.js';
import * as v from 'valibot';
import { MangamotionError } from '../errors.js';
import { compareObjects } from '../key-order.js';
import { FORMAT_VERSION } from './footer.js';
import { LARGEST_DIRECTORY_BYTES, MAX_BUCKETS, isTooDense, mostChunks } from './limits.js';
import { isSafeSegment } from './paths.js';

/**
 * The directory of an archive, the entry point for every reader. It names each index chunk with its
 * first and last object, and the documents that are not objects.
 */

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const objectName = v.object({ bucket: v.string(), key: v.string() });

const chunkReference = v.object({
  /** The id of the archive that holds the chunk: this one or an earlier one. */
  archive: v.string(),
  /** The place of the chunk's gzip member; in a plain folder, 0 and the file's size. */
  offset: count,
  length: count,
  /** The path of the chunk's file; only in a plain folder. */
  path: v.optional(v.string()),
  /** The size of its lines in bytes, and their SHA-256. */
  size: count,
  sha256: digest,
  first: objectName,
  last: objectName,
  objects: count,
  bytes: count,
});

const bucketEntry = v.object({
  name: v.string(),
  created_at: v.nullable(v.string()),
  region: v.nullable(v.string()),
  objects: count,
  bytes: count,
});

const documentEntry = v.object({
  path: v.string(),
  offset: count,
  length: count,
  inner: count,
  size: count,
  sha256: digest,
});

const directorySchema = v.object({
  format: v.literal(FORMAT_VERSION),
  archive: v.string(),
  objects: count,
  bytes: count,
  buckets: v.array(v.unknown()),
  documents: v.array(v.unknown()),
  chunks: v.array(v.unknown()),
});

export type ChunkReference = v.InferOutput<typeof chunkReference>;
export type BucketEntry = v.InferOutput<typeof bucketEntry>;
export type DocumentEntry = v.InferOutput<typeof documentEntry>;

export interface Directory extends Omit<
  v.InferOutput<typeof directorySchema>,
  'buckets' | 'documents' | 'chunks'
> {
  buckets: BucketEntry[];
  documents: DocumentEntry[];
  chunks: ChunkReference[];
}

export function encodeDirectory(directory: Directory): Buffer {
  const bytes = Buffer.from(`${JSON.stringify(directory)}\n`);
  const isTooLarge =
    bytes.length > LARGEST_DIRECTORY_BYTES || directory.buckets.length > MAX_BUCKETS;
  if (!isTooLarge) return bytes;
  throw new MangamotionError(
    'refused',
    `an archive of ${countOf(directory.buckets.length, 'bucket')} and ${countOf(directory.chunks.length, 'index chunk')} would be too large to be read`,
    { hint: 'Back the buckets up in several runs, with --bucket, into destinations of their own.' },
  );
}

/**
 * Parses and checks a directory. `storedBytes` is its compressed size in the archive. Throws a
 * SyntaxError that names the fault.
 */
export function decodeDirectory(bytes: Buffer, storedBytes = bytes.length): Directory {
  if (isTooDense(bytes)) throw new SyntaxError('it has more entries than its length can hold');
  const json: unknown = JSON.parse(bytes.toString('utf8'));
  const outline = parse(directorySchema, json, '');
  const limits = [
    ['buckets', MAX_BUCKETS],
    ['chunks', mostChunks(storedBytes)],
  ] as const;
  for (const [field, most] of limits) {
    const count = outline[field].length;
    if (count > most)
      throw new SyntaxError(`${field}: ${countOf(count, 'entry', 'entries')} are too many`);
  }
  const directory: Directory = {
    ...outline,
    buckets: parseEach(bucketEntry, outline.buckets, 'buckets'),
    documents: parseEach(documentEntry, outline.documents, 'documents'),
    chunks: parseEach(chunkReference, outline.chunks, 'chunks'),
  };
  const wrong =
    orderProblem(directory) ??
    countProblem(directory) ??
    bucketProblem(directory) ??
    placeProblem(directory);
  if (wrong !== undefined) throw new SyntaxError(wrong);
  return directory;
}

type AnySchema = v.GenericSchema;

function parse<Schema extends AnySchema>(
  schema: Schema,
  json: unknown,
  where: string,
): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, json);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const path = [where, v.getDotPath(issue) ?? ''].filter((part) => part !== '').join('.');
  throw new SyntaxError(`${path}: ${issue.message}`);
}

/** Replaces each item in place, so that a large directory is not held twice. */
function parseEach<Schema extends AnySchema>(
  schema: Schema,
  items: unknown[],
  field: string,
): v.InferOutput<Schema>[] {
  for (const [i, item] of items.entries()) items[i] = parse(schema, item, `${field}.${i}`);
  return items;
}

/** Readers rely on the order and the counts, which may be wrong even if the digest is right. */
function orderProblem({ chunks }: Directory): string | undefined {
  for (const [i, { first, last }] of chunks.entries()) {
    if (compareObjects(first, last) > 0) return `chunks.${i}: it ends before it begins`;
    const next = chunks[i + 1];
    if (next === undefined || compareObjects(last, next.first) < 0) continue;
    return `chunks.${i + 1}: it begins before the previous one ends`;
  }
  return undefined;
}

function countProblem({ chunks, buckets, objects, bytes }: Directory): string | undefined {
  if (sumOf(chunks, 'objects') !== objects) return 'objects: the chunks have another sum';
  if (sumOf(chunks, 'bytes') !== bytes) return 'bytes: the chunks have another sum';
  if (sumOf(buckets, 'objects') !== objects) return 'objects: the buckets have another sum';
  if (sumOf(buckets, 'bytes') !== bytes) return 'bytes: the buckets have another sum';
  return undefined;
}

function sumOf<Field extends string>(entries: readonly Record<Field, number>[], field: Field) {
  return entries.reduce((sum, entry) => sum + entry[field], 0);
}

/** The counts of each bucket can only be checked with the lines; see `IndexCheck`. */
function bucketProblem({ buckets, chunks }: Directory): string | undefined {
  const names = new Set<string>();
  for (const [i, { name }] of buckets.entries()) {
    if (!isSafeSegment(name) || !name.isWellFormed()) return `buckets.${i}: the name is not valid`;
    if (names.has(name)) return `buckets.${i}: ${name} appears twice`;
    names.add(name);
  }
  for (const [i, { first, last }] of chunks.entries()) {
    const unknown = [first, last].find(({ bucket }) => !names.has(bucket));
    if (unknown === undefined) continue;
    return `chunks.${i}: it has objects of ${JSON.stringify(unknown.bucket)}, which is not among the buckets`;
  }
  return undefined;
}

/** The chunks of an archive lie in index order and do not overlap. */
function placeProblem({ chunks }: Directory): string | undefined {
  const ends = new Map<string, number>();
  const paths = new Set<string>();
  for (const [i, { archive, path, offset, length }] of chunks.entries()) {
    if (path === undefined) {
      if (offset < (ends.get(archive) ?? 0)) return `chunks.${i}: it overlaps another one`;
      ends.set(archive, offset + length);
    } else if (paths.has(path)) return `chunks.${i}: it shares its file with another one`;
    else paths.add(path);
  }
  return undefined;
}
