import { crc32, inflateRaw } from 'node:zlib';
import { promisify } from 'node:util';
import { damagedArchive } from './errors.js';
import {
  MEMBER_HEADER_BYTES,
  MEMBER_TRAILER_BYTES,
  type MemberHeader,
  MemberKind,
  decodeMemberHeader,
  decodeStoredBlocks,
} from './gzip.js';
import { LARGEST_CHUNK_BYTES, LARGEST_MEMBER_BYTES, largestDirectoryBytes } from './limits.js';
import type { ArchiveSource } from './sink.js';

const inflateOnThreadPool = promisify(inflateRaw);
const SMALLEST_TURN_BYTES = 1024;

/** Returns the most inflated bytes that a member of this kind may hold. */
export function largestBytesOf(kind: MemberKind, archiveBytes = Infinity): number {
  if (kind === MemberKind.directory) return largestDirectoryBytes(archiveBytes);
  return kind === MemberKind.chunk ? LARGEST_CHUNK_BYTES : LARGEST_MEMBER_BYTES;
}

/** Reads the member at `offset`, which must end at or before `end`, and checks its header. */
export async function readMember(
  source: ArchiveSource,
  offset: number,
  end: number,
  limitBytes = LARGEST_MEMBER_BYTES,
): Promise<{ header: MemberHeader; raw: Buffer }> {
  checkRoom(source, offset, end);
  const bytes = await source.read(offset, MEMBER_HEADER_BYTES);
  const header = checkHeader(bytes, offset, end, limitBytes);
  return { header, raw: await source.read(offset, header.memberBytes) };
}

function checkRoom(source: ArchiveSource, offset: number, end: number): void {
  if (offset + MEMBER_HEADER_BYTES + MEMBER_TRAILER_BYTES <= end && end <= source.sizeBytes) return;
  throw damagedArchive(`the archive ends in the middle of a member (at byte ${offset})`);
}

function checkHeader(bytes: Buffer, offset: number, end: number, limitBytes: number): MemberHeader {
  const header = decodeMemberHeader(bytes);
  if (header === undefined)
    throw damagedArchive(`there is no member of an archive at byte ${offset}`);
  if (
    header.memberBytes < MEMBER_HEADER_BYTES + MEMBER_TRAILER_BYTES ||
    header.memberBytes > Math.min(limitBytes, largestBytesOf(header.kind)) ||
    offset + header.memberBytes > end
  ) {
    throw damagedArchive(`the member at byte ${offset} has an impossible length`);
  }
  return header;
}

export async function inflateMember(
  raw: Buffer,
  offset: number,
  limitBytes = LARGEST_MEMBER_BYTES,
): Promise<Buffer[]> {
  const body = raw.subarray(MEMBER_HEADER_BYTES, raw.length - MEMBER_TRAILER_BYTES);
  const expected = raw.readUInt32LE(raw.length - 4);
  const content = decodeStoredBlocks(body) ?? (await inflate(body, offset, limitBytes, expected));
  let crc = 0;
  let length = 0;
  for (const part of content) {
    crc = crc32(part, crc);
    length += part.length;
  }
  if (crc !== raw.readUInt32LE(raw.length - MEMBER_TRAILER_BYTES) || length !== expected) {
    throw damagedArchive(`the checksum of the member at byte ${offset} is wrong`);
  }
  return content;
}

/** `expected`: what the trailer says of the length. With room for it, and a byte more, one turn suffices. */
async function inflate(
  body: Buffer,
  offset: number,
  limitBytes: number,
  expected: number,
): Promise<Buffer[]> {
  const chunkSize = Math.max(Math.min(expected + 1, limitBytes), SMALLEST_TURN_BYTES);
  try {
    return [await inflateOnThreadPool(body, { maxOutputLength: limitBytes, chunkSize })];
  } catch (error) {
    throw damagedArchive(`the member at byte ${offset} cannot be inflated`, error);
  }
}

/** The read window. It holds any member of a file, so a span takes at most one read per member. */
const WINDOW_BYTES = 4 * 1024 * 1024 + 64 * 1024;

/** Yields the inflated content of a span, one member at a time. */
export async function* readSpan(
  source: ArchiveSource,
  span: { offset: number; length: number },
  limitBytes = LARGEST_MEMBER_BYTES,
): AsyncGenerator<Buffer[]> {
  const end = span.offset + span.length;
  let offset = span.offset;
  let window: Buffer = Buffer.alloc(0);
  const fill = async (leastBytes: number): Promise<void> => {
    if (window.length >= leastBytes) return;
    window = await source.read(offset, Math.max(leastBytes, Math.min(WINDOW_BYTES, end - offset)));
  };
  while (offset < end) {
    checkRoom(source, offset, end);
    await fill(MEMBER_HEADER_BYTES);
    const { memberBytes } = checkHeader(window, offset, end, limitBytes);
    await fill(memberBytes);
    yield await inflateMember(window.subarray(0, memberBytes), offset, limitBytes);
    offset += memberBytes;
    window = window.subarray(memberBytes);
  }
}
