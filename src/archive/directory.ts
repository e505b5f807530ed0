import * as v from 'valibot';
import { compareObjects } from '../key-order.js';
import { FORMAT_VERSION } from './footer.js';

/**
 * The directory of an archive: the entry point for every reader. It names each index chunk with the
 * range of objects that it covers, and the documents that are no objects.
 */

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const objectName = v.object({ bucket: v.string(), key: v.string() });

const chunkReference = v.object({
  /** The id of the archive that holds the chunk: this one, or an earlier one of the chain. */
  archive: v.string(),
  /** Of the chunk's gzip member; of a plain file: 0 and its size. */
  offset: count,
  length: count,
  /** Of the chunk's file, where the archive is a plain folder. */
  path: v.optional(v.string()),
  /** Bytes of its lines, and their SHA-256. */
  size: count,
  sha256: digest,
  first: objectName,
  last: objectName,
  objects: count,
  /** Sum of the sizes of its objects. */
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
  buckets: v.array(bucketEntry),
  documents: v.array(documentEntry),
  chunks: v.array(chunkReference),
});

export type ChunkReference = v.InferOutput<typeof chunkReference>;
export type BucketEntry = v.InferOutput<typeof bucketEntry>;
export type DocumentEntry = v.InferOutput<typeof documentEntry>;

export type Directory = v.InferOutput<typeof directorySchema>;

export function encodeDirectory(directory: Directory): Buffer {
  return Buffer.from(`${JSON.stringify(directory)}\n`);
}

/** Throws an error that names what is wrong. */
export function decodeDirectory(bytes: Buffer): Directory {
  const json: unknown = JSON.parse(bytes.toString('utf8'));
  const parsed = v.safeParse(directorySchema, json);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new SyntaxError(`${v.getDotPath(issue) ?? ''}: ${issue.message}`);
  }
  const wrong = whatIsInconsistent(parsed.output);
  if (wrong !== undefined) throw new SyntaxError(wrong);
  return parsed.output;
}

/**
 * A directory whose digest is right may still be wrong: readers merge its chunks with a listing,
 * which goes by their order, and tell its counts.
 */
function whatIsInconsistent({ chunks, objects, bytes }: Directory): string | undefined {
  for (const [i, { first, last }] of chunks.entries()) {
    if (compareObjects(first, last) > 0) return `chunks.${i}: it ends before it begins`;
    const next = chunks[i + 1];
    if (next === undefined || compareObjects(last, next.first) < 0) continue;
    return `chunks.${i + 1}: it begins before the one in front of it ends`;
  }
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  if (sum(chunks.map((chunk) => chunk.objects)) !== objects) {
    return 'objects: there are not as many in the chunks';
  }
  return sum(chunks.map((chunk) => chunk.bytes)) === bytes
    ? undefined
    : 'bytes: the chunks have another sum';
}
