import { deflateRawSync, gunzipSync } from 'node:zlib';
import { Parser } from 'tar';
import { FOOTER_BYTES } from '../../src/archive/footer.js';
import {
  MEMBER_HEADER_BYTES,
  MEMBER_TRAILER_BYTES,
  type MemberKind,
  crcOf,
  decodeMemberHeader,
  encodeMemberHeader,
  encodeTrailer,
} from '../../src/archive/gzip.js';

export interface FoundMember {
  kind: MemberKind;
  offset: number;
  length: number;
  content: Buffer;
}

/** All members of an archive, from header to header. */
export function membersOf(archive: Buffer): FoundMember[] {
  const members: FoundMember[] = [];
  let offset = 0;
  while (offset < archive.length - FOOTER_BYTES) {
    const header = decodeMemberHeader(archive.subarray(offset));
    if (header === undefined) throw new Error(`no member at byte ${offset}`);
    const end = offset + header.memberBytes;
    const content = gunzipSync(archive.subarray(offset, end));
    members.push({ kind: header.kind, offset, length: header.memberBytes, content });
    offset = end;
  }
  return members;
}

/** A member of deflated bytes, whatever its header and trailer should say. */
export function deflatedMember(
  kind: MemberKind,
  content: Buffer,
  lies: { memberBytes?: number; inputBytes?: number; crc?: number } = {},
): Buffer {
  const deflated = deflateRawSync(content, { level: 9 });
  const memberBytes = MEMBER_HEADER_BYTES + deflated.length + MEMBER_TRAILER_BYTES;
  return Buffer.concat([
    encodeMemberHeader({ kind, memberBytes: lies.memberBytes ?? memberBytes }),
    deflated,
    encodeTrailer(lies.crc ?? crcOf([content]), lies.inputBytes ?? content.length),
  ]);
}

export interface TarFile {
  path: string;
  content: Buffer;
}

/** What node-tar itself reads out of a tar, strictly: a warning is an error. */
export async function readWithNodeTar(tar: Buffer): Promise<TarFile[]> {
  const files: TarFile[] = [];
  await new Promise<void>((resolve, reject) => {
    const parser = new Parser({
      strict: true,
      onReadEntry: (entry) => {
        const parts: Buffer[] = [];
        entry.on('data', (part: Buffer) => parts.push(part));
        entry.on('end', () => files.push({ path: entry.path, content: Buffer.concat(parts) }));
      },
    });
    parser.on('end', () => resolve());
    parser.on('error', reject);
    parser.end(tar);
  });
  return files;
}
