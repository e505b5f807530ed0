import { createCipheriv, createHash } from 'node:crypto';
import type { ChunkReference, Directory } from '../../src/archive/directory.js';
import type { IndexLine, ObjectRecord } from '../../src/archive/index-line.js';
import { READ_WHOLE_BYTES } from '../../src/archive/archive.js';
import type { ObjectReader } from '../../src/archive/object-reader.js';
import { readChunk, readDirectory, readFooter } from '../../src/archive/reader.js';
import type { ArchiveWriter, WrittenArchive } from '../../src/archive/archive-writer.js';
import { TarArchiveWriter } from '../../src/archive/tar-archive-writer.js';
import { compareObjects } from '../../src/key-order.js';
import { MemorySink, MemorySource, collect } from './archive-memory.js';

export const ARCHIVE_ID = 'minio_backup_full_20240115_020000';
export const CREATED_AT = new Date('2024-01-15T02:00:00Z');

export interface SampleObject {
  bucket: string;
  key: string;
  content: Buffer;
  contentType?: string;
}

/** Bytes that do not compress, the same ones for the same seed. */
export function noise(sizeBytes: number, seed = 'noise'): Buffer {
  const key = createHash('sha256').update(seed).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(sizeBytes));
}

/** Bytes that compress well and differ everywhere. */
export function text(sizeBytes: number, seed = 'text'): Buffer {
  const lines: string[] = [];
  for (let n = 0, length = 0; length < sizeBytes; n++) {
    const line = `{"page":${n},"title":"${seed}"}\n`;
    lines.push(line);
    length += line.length;
  }
  return Buffer.from(lines.join('')).subarray(0, sizeBytes);
}

export function sha256(...parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

export function recordOf({ bucket, key, content, contentType }: SampleObject): ObjectRecord {
  return {
    bucket,
    key,
    size: content.length,
    etag: createHash('md5').update(content).digest('hex'),
    last_modified: '2024-01-14T12:34:56.000Z',
    sha256: sha256(content),
    ...(contentType === undefined ? {} : { headers: { 'content-type': contentType } }),
  };
}

export function inOrder(objects: readonly SampleObject[]): SampleObject[] {
  return [...objects].sort(compareObjects);
}

export function bucketsOf(objects: readonly SampleObject[]) {
  const names = new Set(objects.map(({ bucket }) => bucket));
  return [...names].map((name) => ({ name, created_at: '2024-01-01T00:00:00Z', region: null }));
}

export interface SampleArchive {
  bytes: Buffer;
  written: WrittenArchive;
}

/** An archive of the objects, which come in any order, with one document before them. */
export async function archiveOf(
  objects: readonly SampleObject[],
  write: (writer: ArchiveWriter, object: SampleObject) => Promise<void> = addWhole,
): Promise<SampleArchive> {
  const sink = new MemorySink();
  const writer = new TarArchiveWriter(sink, ARCHIVE_ID, CREATED_AT);
  await writer.addDocument('metadata/buckets.json', Buffer.from('[{"name":"sample"}]\n'));
  for (const object of inOrder(objects)) await write(writer, object);
  const written = await writer.finish(bucketsOf(objects));
  return { bytes: sink.bytes, written };
}

export async function addWhole(writer: ArchiveWriter, object: SampleObject): Promise<void> {
  await writer.addWholeObject(recordOf(object), [object.content]);
}

/** Adds an object as one whose bytes are still coming, in pieces of the size. */
export function addInPieces(pieceBytes: number) {
  return async (writer: ArchiveWriter, object: SampleObject): Promise<void> => {
    const announced = writer.announceObject({
      bucket: object.bucket,
      key: object.key,
      sizeBytes: object.content.length,
      modifiedAt: CREATED_AT,
      contentType: object.contentType,
    });
    for (let at = 0; at < object.content.length; at += pieceBytes) {
      await announced.write(object.content.subarray(at, at + pieceBytes));
    }
    announced.commit(recordOf(object));
  };
}

export interface OpenArchive {
  source: MemorySource;
  directory: Directory;
  lines: IndexLine[];
}

/** Reads the archive's end, its directory and all its index lines. */
export async function openArchive(bytes: Buffer): Promise<OpenArchive> {
  const source = new MemorySource(bytes);
  const directory = await readDirectory(source, await readFooter(source));
  const lines: IndexLine[] = [];
  for (const chunk of directory.chunks) lines.push(...(await readChunk(source, chunk)));
  return { source, directory, lines };
}

/** The object's bytes by both ways of reading; they must be the same. */
export async function contentOf(reader: ObjectReader, line: IndexLine): Promise<Buffer> {
  const streamed = Buffer.concat(await collect(reader.read(line)));
  if (line.size > READ_WHOLE_BYTES) return streamed;
  const whole = Buffer.concat(await reader.readWhole(line));
  if (!whole.equals(streamed)) throw new Error(`two contents of ${line.bucket}/${line.key}`);
  return whole;
}

export async function onlyChunk(bytes: Buffer): Promise<ChunkReference> {
  const { directory } = await openArchive(bytes);
  const [chunk, another] = directory.chunks;
  if (chunk === undefined || another !== undefined) throw new Error('not one chunk');
  return chunk;
}
