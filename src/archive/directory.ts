import * as z from 'zod/mini';
import { compareObjects } from '../key-order.js';
import { FORMAT_VERSION } from './footer.js';

/**
 * The directory of an archive: the entry point for every reader. It names each index chunk with the
 * range of objects that it covers, and the documents that are no objects.
 */

const count = z.number().check(z.int(), z.nonnegative());
const digest = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const objectName = z.object({ bucket: z.string(), key: z.string() });

const chunkReference = z.object({
  /** The id of the archive that holds the chunk: this one, or an earlier one of the chain. */
  archive: z.string(),
  /** Of the chunk's gzip member; of a plain file: 0 and its size. */
  offset: count,
  length: count,
  /** Of the chunk's file, where the archive is a plain folder. */
  path: z.optional(z.string()),
  /** Bytes of its lines, and their SHA-256. */
  size: count,
  sha256: digest,
  first: objectName,
  last: objectName,
  objects: count,
  /** Sum of the sizes of its objects. */
  bytes: count,
});

const bucketEntry = z.object({
  name: z.string(),
  created_at: z.nullable(z.string()),
  region: z.nullable(z.string()),
  objects: count,
  bytes: count,
});

const documentEntry = z.object({
  path: z.string(),
  offset: count,
  length: count,
  inner: count,
  size: count,
  sha256: digest,
});

const directorySchema = z.object({
  format: z.literal(FORMAT_VERSION),
  archive: z.string(),
  objects: count,
  bytes: count,
  buckets: z.array(bucketEntry),
  documents: z.array(documentEntry),
  chunks: z.array(chunkReference),
});

export type ChunkReference = z.infer<typeof chunkReference>;
export type BucketEntry = z.infer<typeof bucketEntry>;
export type DocumentEntry = z.infer<typeof documentEntry>;

export type Directory = z.infer<typeof directorySchema>;

export function encodeDirectory(directory: Directory): Buffer {
  return Buffer.from(`${JSON.stringify(directory)}\n`);
}

/** Throws an error that names what is wrong. */
export function decodeDirectory(bytes: Buffer): Directory {
  const json: unknown = JSON.parse(bytes.toString('utf8'));
  const parsed = directorySchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new SyntaxError(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not a directory'}`);
  }
  const wrong = whatIsInconsistent(parsed.data);
  if (wrong !== undefined) throw new SyntaxError(wrong);
  return parsed.data;
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
