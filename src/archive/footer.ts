/**
 * The footer of an archive: an empty gzip member, invisible to tar, whose extra field gives the
 * place of the directory. Its length is fixed, so one read at the end of the archive finds it.
 */

export const FORMAT_VERSION = 1;

export interface Footer {
  version: number;
  /** The place of the directory's gzip member. */
  offset: number;
  length: number;
  /** The SHA-256 of the directory's JSON. */
  sha256: string;
}

const HEADER = Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255]);
const FIELD = Buffer.from('MF');
const FIELD_BYTES = 1 + 8 + 8 + 32;
/** A final empty block with fixed codes, then the CRC-32 and the length of no bytes. */
const EMPTY_BODY = Buffer.from([3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

export const FOOTER_BYTES = HEADER.length + 2 + 4 + FIELD_BYTES + EMPTY_BODY.length;

export function encodeFooter(footer: Footer): Buffer {
  const field = Buffer.alloc(2 + 4 + FIELD_BYTES);
  field.writeUInt16LE(4 + FIELD_BYTES, 0);
  FIELD.copy(field, 2);
  field.writeUInt16LE(FIELD_BYTES, 4);
  field.writeUInt8(footer.version, 6);
  field.writeBigUInt64LE(BigInt(footer.offset), 7);
  field.writeBigUInt64LE(BigInt(footer.length), 15);
  field.write(footer.sha256, 23, 'hex');
  return Buffer.concat([HEADER, field, EMPTY_BODY]);
}

/** Returns `undefined` if the bytes are not a footer: the archive is truncated, or not ours. */
export function decodeFooter(bytes: Buffer): Footer | undefined {
  if (bytes.length !== FOOTER_BYTES) return undefined;
  const field = bytes.subarray(HEADER.length, FOOTER_BYTES - EMPTY_BODY.length);
  if (!bytes.subarray(0, HEADER.length).equals(HEADER)) return undefined;
  if (!bytes.subarray(FOOTER_BYTES - EMPTY_BODY.length).equals(EMPTY_BODY)) return undefined;
  if (field.readUInt16LE(0) !== 4 + FIELD_BYTES || field.readUInt16LE(4) !== FIELD_BYTES) {
    return undefined;
  }
  if (!field.subarray(2, 4).equals(FIELD)) return undefined;
  return {
    version: field.readUInt8(6),
    offset: Number(field.readBigUInt64LE(7)),
    length: Number(field.readBigUInt64LE(15)),
    sha256: field.toString('hex', 23, 55),
  };
}
