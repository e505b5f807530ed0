import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  MEMBER_HEADER_BYTES,
  MEMBER_TRAILER_BYTES,
  MemberKind,
  decodeMemberHeader,
  decodeStoredBlocks,
  encodeMemberHeader,
  encodeStoredMember,
  storedMemberBytes,
} from '../../../src/archive/gzip.js';
import { noise } from '../../helpers/archive-samples.js';

const SIZES = [0, 1, 65_534, 65_535, 65_536, 131_070, 131_071];

function pieces(content: Buffer, pieceBytes: number): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < content.length; at += pieceBytes) {
    parts.push(content.subarray(at, at + pieceBytes));
  }
  return parts;
}

function storedMember(content: Buffer, parts: readonly Buffer[] = [content]): Buffer {
  return Buffer.concat(encodeStoredMember(MemberKind.data, parts, content.length));
}

function bodyOf(member: Buffer): Buffer {
  return member.subarray(MEMBER_HEADER_BYTES, member.length - MEMBER_TRAILER_BYTES);
}

describe('a stored member', () => {
  it.each(SIZES)('of %i bytes is gzip, has the foretold length and gives its bytes', (size) => {
    const content = noise(size);
    const member = storedMember(content);
    expect(member.length).toBe(storedMemberBytes(size));
    expect(decodeMemberHeader(member)?.memberBytes).toBe(member.length);
    expect(gunzipSync(member).equals(content)).toBe(true);
    expect(Buffer.concat(decodeStoredBlocks(bodyOf(member))!).equals(content)).toBe(true);
  });

  it.each([1, 65_534, 65_535, 65_536, 70_000])('is the same in pieces of %i bytes', (bytes) => {
    const content = noise(131_071);
    const parts = [Buffer.alloc(0), ...pieces(content, bytes), Buffer.alloc(0)];
    expect(storedMember(content, parts).equals(storedMember(content))).toBe(true);
  });

  it('passes its chunks on without a copy', () => {
    const content = noise(1000);
    const parts = encodeStoredMember(MemberKind.data, [content], 1000);
    expect(parts.some((part) => part.buffer === content.buffer && part.length === 1000)).toBe(true);
  });

  it('joins with others to one stream', () => {
    const contents = SIZES.map((size) => noise(size, String(size)));
    const stream = Buffer.concat(contents.map((content) => storedMember(content)));
    expect(gunzipSync(stream).equals(Buffer.concat(contents))).toBe(true);
  });
});

describe('the header of a member', () => {
  it.each(Object.values(MemberKind))('of kind %i gives back what it was made of', (kind) => {
    for (const memberBytes of [0, 32, 65_536, 0xffff_ffff]) {
      const encoded = encodeMemberHeader({ kind, memberBytes });
      expect(encoded.length).toBe(MEMBER_HEADER_BYTES);
      expect(decodeMemberHeader(encoded)).toEqual({ kind, memberBytes });
    }
  });

  it('shows every flipped bit: refused, or another kind or length', () => {
    const header = { kind: MemberKind.chunk, memberBytes: 0x0123_4567 };
    const encoded = encodeMemberHeader(header);
    for (let bit = 0; bit < encoded.length * 8; bit++) {
      const flipped = Buffer.from(encoded);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      const meaningful = bit >> 3 === 16 || bit >> 3 >= 20;
      if (meaningful) expect(decodeMemberHeader(flipped)).not.toEqual(header);
      else expect(decodeMemberHeader(flipped), `bit ${bit}`).toBeUndefined();
    }
  });

  it('is none where it is cut off', () => {
    const encoded = encodeMemberHeader({ kind: MemberKind.data, memberBytes: 99 });
    expect(decodeMemberHeader(encoded.subarray(0, MEMBER_HEADER_BYTES - 1))).toBeUndefined();
  });
});

describe('stored blocks', () => {
  const body = bodyOf(storedMember(noise(70_000)));

  it('are none when they are cut off or followed by anything', () => {
    expect(decodeStoredBlocks(body)).toHaveLength(2);
    for (const length of [0, 1, 4, 5, 65_540, 65_541, body.length - 1]) {
      expect(decodeStoredBlocks(body.subarray(0, length))).toBeUndefined();
    }
    expect(decodeStoredBlocks(Buffer.concat([body, Buffer.from([0])]))).toBeUndefined();
  });

  it('are none when the head of one is wrong', () => {
    for (let bit = 0; bit < 5 * 8; bit++) {
      const flipped = Buffer.from(body);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(decodeStoredBlocks(flipped), `bit ${bit}`).toBeUndefined();
    }
  });
});
