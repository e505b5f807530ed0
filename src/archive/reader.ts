import { createHash } from 'node:crypto';
import { MangamotionError } from '../errors.js';
import type { DirectoryPlace } from './archive.js';
import { type ChunkReference, type Directory, decodeDirectory } from './directory.js';
import { damagedArchive } from './errors.js';
import { FOOTER_BYTES, FORMAT_VERSION, type Footer, decodeFooter } from './footer.js';
import { type IndexLine, decodeIndexLine } from './index-line.js';
import {
  LARGEST_CHUNK_BYTES,
  LARGEST_LINE_BYTES,
  isTooDense,
  largestDirectoryBytes,
} from './limits.js';
import { readSpan as readSpan } from './members.js';
import { compareObjects } from '../key-order.js';
import type { ArchiveSource } from './sink.js';
import { TarScanner } from './tar-scanner.js';

/** Reads the footer. Rejects with `damaged` if it is missing, and with `refused` if it is newer. */
export async function readFooter(source: ArchiveSource): Promise<Footer> {
  const start = source.sizeBytes - FOOTER_BYTES;
  const footer = start < 0 ? undefined : decodeFooter(await source.read(start, FOOTER_BYTES));
  if (footer === undefined) {
    throw damagedArchive(
      'the archive has no footer: it is truncated, or not an archive of mangamotion',
    );
  }
  refuseNewerVersion(footer.version);
  if (footer.offset + footer.length > start) {
    throw damagedArchive('the footer points outside the archive');
  }
  return footer;
}

export function refuseNewerVersion(version: number, newest = FORMAT_VERSION): void {
  if (version <= newest) return;
  throw new MangamotionError(
    'refused',
    `this backup has format version ${version}; this program reads up to version ${newest}`,
    { hint: 'Install a newer version of mangamotion.' },
  );
}

/** Reads the directory at the place that the footer or the summary gives. */
export async function readDirectory(
  source: ArchiveSource,
  place: DirectoryPlace,
): Promise<Directory> {
  const most = largestDirectoryBytes(source.sizeBytes);
  return parseDirectory(await readOnlyFile(source, place, most), place);
}

/** Checks the digest of a directory and parses it. `place.length` is its compressed size. */
export function parseDirectory(
  bytes: Buffer,
  place: Pick<DirectoryPlace, 'length' | 'sha256'>,
): Directory {
  if (sha256(bytes) !== place.sha256) throw damagedArchive('the digest of the directory is wrong');
  try {
    return decodeDirectory(bytes, place.length);
  } catch (error) {
    throw damagedArchive(`the directory cannot be read: ${String(error)}`, error);
  }
}

/** Reads the lines of an index chunk. `source` is the archive that the reference names. */
export async function readChunk(
  source: ArchiveSource,
  reference: ChunkReference,
): Promise<IndexLine[]> {
  return checkedChunk(await readOnlyFile(source, reference, LARGEST_CHUNK_BYTES), reference);
}

/** Reads an index chunk, and checks its digest. Its lines are not looked at. */
export async function readChunkBytes(
  source: ArchiveSource,
  reference: ChunkReference,
): Promise<Buffer> {
  return checkedBytes(await readOnlyFile(source, reference, LARGEST_CHUNK_BYTES), reference);
}

/** Checks that the bytes of a chunk match the reference. */
export function checkedBytes(bytes: Buffer, reference: ChunkReference): Buffer {
  if (bytes.length !== reference.size || sha256(bytes) !== reference.sha256) {
    throw damagedArchive(`the digest of ${nameOfChunk(reference)} is wrong`);
  }
  return bytes;
}

function nameOfChunk({ offset, path }: ChunkReference): string {
  return path ?? `the index chunk at byte ${offset}`;
}

/** Parses a chunk, and checks that its bytes and lines match the reference. */
export function checkedChunk(bytes: Buffer, reference: ChunkReference): IndexLine[] {
  const { offset } = reference;
  const path = nameOfChunk(reference);
  checkedBytes(bytes, reference);
  const lines = parseChunk(bytes, offset);
  const [first, last] = [lines[0], lines.at(-1)];
  const isAsDescribed =
    first !== undefined &&
    last !== undefined &&
    compareObjects(first, reference.first) === 0 &&
    compareObjects(last, reference.last) === 0 &&
    lines.length === reference.objects &&
    lines.reduce((sum, { size }) => sum + size, 0) === reference.bytes;
  if (!isAsDescribed) throw damagedArchive(`${path} does not hold what the directory says`);
  return lines;
}

export function parseChunk(bytes: Buffer, offset: number): IndexLine[] {
  const lines: IndexLine[] = [];
  try {
    if (isTooDense(bytes)) throw new SyntaxError('it has more values than its length can hold');
    for (const text of bytes.toString('utf8').split('\n')) {
      if (text === '') continue;
      if (text.length > LARGEST_LINE_BYTES) throw new SyntaxError('one of its lines is too long');
      const line = decodeIndexLine(text);
      const previous = lines.at(-1);
      if (previous !== undefined && compareObjects(previous, line) >= 0) {
        throw new SyntaxError('its lines are out of order');
      }
      lines.push(line);
    }
  } catch (error) {
    throw damagedArchive(
      `the index chunk at byte ${offset} cannot be read: ${String(error)}`,
      error,
    );
  }
  return lines;
}

/** Reads the only file in a span. All members together must stay within the limit. */
export async function readOnlyFile(
  source: ArchiveSource,
  span: { offset: number; length: number },
  limitBytes: number,
): Promise<Buffer> {
  const parts: Buffer[] = [];
  let total = 0;
  const scanner = new TarScanner({
    entry: () => undefined,
    content: (chunk) => parts.push(chunk),
    entryEnd: () => undefined,
  });
  try {
    for await (const content of readSpan(source, span, limitBytes)) {
      for (const part of content) {
        total += part.length;
        scanner.push(part);
      }
      if (total > limitBytes) {
        throw damagedArchive(`the file at byte ${span.offset} is larger than allowed`);
      }
    }
  } catch (error) {
    if (error instanceof MangamotionError) throw error;
    throw damagedArchive(`the tar is broken at byte ${span.offset}: ${String(error)}`, error);
  }
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
