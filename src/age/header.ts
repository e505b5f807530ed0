import { randomBytes } from 'node:crypto';
import type { Recipient } from 'age-encryption';
import type { Identity } from './keys.js';
import { NONCE_BYTES, PayloadKey } from './payload.js';

/**
 * The header of an age file (C2SP age.md): the file key, sealed for each recipient. The age-encryption
 * package makes and reads it; the payload is ours, because the package's is slow and cannot be read in
 * part.
 */

/** The header and the payload nonce at the beginning of an age file. */
export interface FileHead {
  /** The header with its MAC and line end. */
  header: Buffer;
  /** The nonce of the payload. */
  nonce: Buffer;
}

/** A header beyond this size is not one of ours: each recipient takes some 100 bytes, or 1.7 kB. */
export const LARGEST_HEADER_BYTES = 256 * 1024;

const MAC_LINE = Buffer.from('\n--- ');
const ARMOR = '-----BEGIN AGE ENCRYPTED FILE-----';
const FIRST_LINE = 'age-encryption.org/';

/** Makes the head of a new file. Rejects if a recipient is not valid: check them first. */
export async function makeHead(
  recipients: readonly string[],
): Promise<FileHead & { fileKey: Buffer }> {
  const { Encrypter } = await import('age-encryption');
  let fileKey: Buffer | undefined;
  // The package does not tell the file key, but hands it to each recipient.
  const recorder: Recipient = {
    wrapFileKey: (key) => {
      fileKey = Buffer.from(key);
      return [];
    },
  };
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  encrypter.addRecipient(recorder);
  const file = Buffer.from(await encrypter.encrypt(new Uint8Array()));
  const split = splitHead(file);
  if (split === undefined || fileKey === undefined) throw new RangeError('age made no header');
  // The nonce of the empty file that was made here is used up: the same key and nonce would seal
  // other bytes.
  return { header: Buffer.from(split.header), nonce: randomBytes(NONCE_BYTES), fileKey };
}

/**
 * Returns the head at the beginning of a file; `undefined` if the bytes do not begin with one, or
 * end before it does.
 */
export function splitHead(start: Buffer): FileHead | undefined {
  if (!start.subarray(0, FIRST_LINE.length).equals(Buffer.from(FIRST_LINE))) return undefined;
  const macLine = start.indexOf(MAC_LINE);
  const end = macLine < 0 ? -1 : start.indexOf(0x0a, macLine + MAC_LINE.length) + 1;
  if (end <= 0 || end > LARGEST_HEADER_BYTES || end + NONCE_BYTES > start.length) return undefined;
  return { header: start.subarray(0, end), nonce: start.subarray(end, end + NONCE_BYTES) };
}

/** Whether a file is an age file in text form, which cannot be read in part. */
export function isArmored(start: Buffer): boolean {
  return start.toString('latin1', 0, 1024).trimStart().startsWith(ARMOR);
}

export type OpenedHeader =
  | { kind: 'opened'; fileKey: Buffer }
  /** None of the identities is that of a recipient. */
  | { kind: 'no_match' }
  | { kind: 'damaged'; reason: string };

const NO_MATCH = "no identity matched any of the file's recipients";

/** Opens a header with the identities. */
export async function openHeader(
  header: Buffer,
  identities: readonly Identity[],
): Promise<OpenedHeader> {
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  for (const { kind, text } of identities) {
    if (kind === 'key') decrypter.addIdentity(text);
    else decrypter.addPassphrase(text);
  }
  try {
    return { kind: 'opened', fileKey: Buffer.from(await decrypter.decryptHeader(header)) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return reason === NO_MATCH ? { kind: 'no_match' } : { kind: 'damaged', reason };
  }
}

export function payloadKeyOf(fileKey: Buffer, { nonce }: Pick<FileHead, 'nonce'>): PayloadKey {
  return new PayloadKey(fileKey, nonce);
}
