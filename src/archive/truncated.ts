import { MangamotionError } from '../errors.js';
import {
  MEMBER_HEADER_BYTES,
  MEMBER_TRAILER_BYTES,
  MemberKind,
  decodeMemberHeader,
} from './gzip.js';
import type { IndexLine } from './index-line.js';
import { LARGEST_CHUNK_BYTES } from './limits.js';
import { inflateMember } from './members.js';
import { parseChunk } from './reader.js';
import type { ArchiveSource } from './sink.js';
import { TarScanner } from './tar-scanner.js';

/**
 * Yields the index lines of a possibly truncated archive: one array for each complete chunk.
 * Members carry their length, so only headers and chunks are read. It ends at the first incomplete
 * or unknown member, because everything after it is not described.
 */
export async function* readTruncatedIndex(source: ArchiveSource): AsyncGenerator<IndexLine[]> {
  let offset = 0;
  while (offset + MEMBER_HEADER_BYTES + MEMBER_TRAILER_BYTES <= source.sizeBytes) {
    const header = decodeMemberHeader(await source.read(offset, MEMBER_HEADER_BYTES));
    if (header === undefined || offset + header.memberBytes > source.sizeBytes) return;
    if (header.memberBytes < MEMBER_HEADER_BYTES + MEMBER_TRAILER_BYTES) return;
    if (header.kind === MemberKind.chunk) {
      if (header.memberBytes > LARGEST_CHUNK_BYTES) return;
      const lines = await readChunkMember(source, offset, header.memberBytes);
      if (lines === undefined) return;
      yield lines;
    }
    offset += header.memberBytes;
  }
}

async function readChunkMember(
  source: ArchiveSource,
  offset: number,
  length: number,
): Promise<IndexLine[] | undefined> {
  const parts: Buffer[] = [];
  const scanner = new TarScanner({
    entry: () => undefined,
    content: (chunk) => parts.push(chunk),
    entryEnd: () => undefined,
  });
  try {
    const raw = await source.read(offset, length);
    for (const part of await inflateMember(raw, offset, LARGEST_CHUNK_BYTES)) {
      scanner.push(part);
    }
    return parseChunk(Buffer.concat(parts), offset);
  } catch (error) {
    if (error instanceof MangamotionError && error.code !== 'damaged') throw error;
    return undefined;
  }
}
