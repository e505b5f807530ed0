import { promisify } from 'node:util';
import { deflateRaw } from 'node:zlib';
import {
  MEMBER_HEADER_BYTES,
  MEMBER_TRAILER_BYTES,
  type MemberKind,
  crcOf,
  encodeMemberHeader,
  encodeStoredMember,
  encodeTrailer,
} from './gzip.js';

const deflateOnThreadPool = promisify(deflateRaw);

/** Deflates the chunks into one member on the thread pool, or stores them if that is shorter. */
export async function deflateMember(
  kind: MemberKind,
  chunks: readonly Uint8Array[],
  inputBytes: number,
): Promise<Uint8Array[]> {
  const input = chunks.length === 1 ? (chunks[0] ?? new Uint8Array()) : Buffer.concat(chunks);
  const deflated = await deflateOnThreadPool(input);
  if (deflated.length > inputBytes) return encodeStoredMember(kind, chunks, inputBytes);
  const memberBytes = MEMBER_HEADER_BYTES + deflated.length + MEMBER_TRAILER_BYTES;
  return [
    encodeMemberHeader({ kind, memberBytes }),
    deflated,
    encodeTrailer(crcOf([input]), inputBytes),
  ];
}
