import { crc32 } from 'node:zlib';

/**
 * Reads and writes gzip members (RFC 1952). An extra field, which other readers skip, gives the
 * kind and the length of each member, so that a reader can skip members without inflating them.
 */

export const MemberKind = { data: 0, chunk: 1, directory: 2, end: 3 } as const;
export type MemberKind = (typeof MemberKind)[keyof typeof MemberKind];

export interface MemberHeader {
  kind: MemberKind;
  memberBytes: number;
}

/** Magic number, deflate, flag FEXTRA, no time, no extra flags, unknown system. */
const FIXED_HEADER = Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255]);
const MEMBER_FIELD = Buffer.from('MM');
const MEMBER_FIELD_BYTES = 8;

export const MEMBER_HEADER_BYTES = FIXED_HEADER.length + 2 + 4 + MEMBER_FIELD_BYTES;
export const MEMBER_TRAILER_BYTES = 8;

/** The most bytes that a stored deflate block holds, and the length of its header. */
const STORED_BLOCK_BYTES = 65_535;
const STORED_HEAD_BYTES = 5;

export function encodeMemberHeader(header: MemberHeader): Buffer {
  const bytes = Buffer.alloc(MEMBER_HEADER_BYTES);
  FIXED_HEADER.copy(bytes);
  bytes.writeUInt16LE(4 + MEMBER_FIELD_BYTES, 10);
  MEMBER_FIELD.copy(bytes, 12);
  bytes.writeUInt16LE(MEMBER_FIELD_BYTES, 14);
  bytes.writeUInt8(header.kind, 16);
  bytes.writeUInt32LE(header.memberBytes, 20);
  return bytes;
}

/** Returns `undefined` if the bytes are not the header of a member of ours. */
export function decodeMemberHeader(bytes: Buffer): MemberHeader | undefined {
  if (bytes.length < MEMBER_HEADER_BYTES) return undefined;
  if (!bytes.subarray(0, FIXED_HEADER.length).equals(FIXED_HEADER)) return undefined;
  if (bytes.readUInt16LE(10) !== 4 + MEMBER_FIELD_BYTES) return undefined;
  if (!bytes.subarray(12, 14).equals(MEMBER_FIELD)) return undefined;
  if (bytes.readUInt16LE(14) !== MEMBER_FIELD_BYTES) return undefined;
  // The bytes between kind and length are reserved for later versions, and zero.
  if ((bytes[17] ?? 1) !== 0 || bytes.readUInt16LE(18) !== 0) return undefined;
  const kind = bytes.readUInt8(16);
  if (kind !== 0 && kind !== 1 && kind !== 2 && kind !== 3) return undefined;
  return { kind, memberBytes: bytes.readUInt32LE(20) };
}

export function encodeTrailer(crc: number, inputBytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(MEMBER_TRAILER_BYTES);
  bytes.writeUInt32LE(crc >>> 0, 0);
  bytes.writeUInt32LE(inputBytes >>> 0, 4);
  return bytes;
}

export function crcOf(chunks: readonly Uint8Array[]): number {
  let crc = 0;
  for (const chunk of chunks) crc = crc32(chunk, crc);
  return crc;
}

/** Returns the length of a member that stores `inputBytes` without compression. */
export function storedMemberBytes(inputBytes: number): number {
  const blocks = Math.max(1, Math.ceil(inputBytes / STORED_BLOCK_BYTES));
  return MEMBER_HEADER_BYTES + blocks * STORED_HEAD_BYTES + inputBytes + MEMBER_TRAILER_BYTES;
}

/** Stores the chunks in a member without compression. They are passed on, not copied. */
export function encodeStoredMember(
  kind: MemberKind,
  chunks: readonly Uint8Array[],
  inputBytes: number,
): Uint8Array[] {
  const member: Uint8Array[] = [
    encodeMemberHeader({ kind, memberBytes: storedMemberBytes(inputBytes) }),
  ];
  let toCome = inputBytes;
  let leftInBlock = 0;
  if (inputBytes === 0) member.push(encodeStoredHead(0, true));
  for (const chunk of chunks) {
    let position = 0;
    while (position < chunk.length) {
      if (leftInBlock === 0) {
        leftInBlock = Math.min(toCome, STORED_BLOCK_BYTES);
        toCome -= leftInBlock;
        member.push(encodeStoredHead(leftInBlock, toCome === 0));
      }
      const part = chunk.subarray(position, position + leftInBlock);
      member.push(part);
      position += part.length;
      leftInBlock -= part.length;
    }
  }
  member.push(encodeTrailer(crcOf(chunks), inputBytes));
  return member;
}

function encodeStoredHead(blockBytes: number, last: boolean): Buffer {
  const head = Buffer.allocUnsafe(STORED_HEAD_BYTES);
  head.writeUInt8(last ? 1 : 0, 0);
  head.writeUInt16LE(blockBytes, 1);
  head.writeUInt16LE(blockBytes ^ 0xffff, 3);
  return head;
}

/**
 * Returns the content of a deflate stream that has only stored blocks, as slices of it; `undefined`
 * if it has other blocks or does not end at the end of the bytes.
 */
export function decodeStoredBlocks(deflated: Buffer): Buffer[] | undefined {
  const parts: Buffer[] = [];
  let position = 0;
  for (;;) {
    if (position + STORED_HEAD_BYTES > deflated.length) return undefined;
    const head = deflated.readUInt8(position);
    const blockBytes = deflated.readUInt16LE(position + 1);
    if (head > 1 || (blockBytes ^ 0xffff) !== deflated.readUInt16LE(position + 3)) return undefined;
    const start = position + STORED_HEAD_BYTES;
    position = start + blockBytes;
    if (position > deflated.length) return undefined;
    if (blockBytes > 0) parts.push(deflated.subarray(start, position));
    if (head === 1) return position === deflated.length ? parts : undefined;
  }
}
