import { createDecipheriv, hkdfSync } from 'node:crypto';
import type { CryptoThread, RunningDigest } from '../threads/crypto-thread.js';
import type { Block } from '../threads/shared-ring.js';

/**
 * The payload of an age file (C2SP age.md, "Payload"): chunks of 64 KiB, each sealed with
 * ChaCha20-Poly1305. The nonce of a chunk is its number, and a flag for the last one, so chunks can be
 * read in any order, and none can be moved, repeated or left out unnoticed.
 */

export const CHUNK_BYTES = 64 * 1024;
export const TAG_BYTES = 16;
export const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;

/** The nonce between the header and the first chunk. */
export const NONCE_BYTES = 16;

const NONCE_OF_CHUNK_BYTES = 12;
const CIPHER = 'chacha20-poly1305';
const OPTIONS = { authTagLength: TAG_BYTES };

/** Consecutive chunks. */
export interface PlainChunks {
  /** The number of the first chunk. */
  first: number;
  /** The pieces of each chunk. */
  parts: readonly (readonly Uint8Array[])[];
  /** Whether the payload ends with the last part. */
  endsWithLast: boolean;
}

export class PayloadKey {
  readonly #key: Buffer;

  constructor(fileKey: Uint8Array, nonce: Uint8Array) {
    this.#key = Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32));
  }

  /**
   * Seals chunks, and resolves to the ciphertext, one chunk behind the other, which `digest` takes in.
   * Their plaintext must not change meanwhile.
   */
  seal(
    thread: CryptoThread,
    { first, parts, endsWithLast }: PlainChunks,
    digest: RunningDigest | undefined,
  ): Promise<Block> {
    const nonces = Buffer.alloc(parts.length * NONCE_OF_CHUNK_BYTES);
    for (const at of parts.keys()) {
      const isLast = endsWithLast && at === parts.length - 1;
      nonces.set(nonceOf(first + at, isLast), at * NONCE_OF_CHUNK_BYTES);
    }
    return thread.seal(this.#key, { nonces, parts }, digest);
  }

  /** Opens a chunk; returns `undefined` if it is not this chunk of this file. */
  open(number: number, isLast: boolean, sealed: Buffer): Buffer | undefined {
    const length = sealed.length - TAG_BYTES;
    if (length < 0) return undefined;
    const decipher = createDecipheriv(CIPHER, this.#key, nonceOf(number, isLast), OPTIONS);
    decipher.setAuthTag(sealed.subarray(length));
    const plain = decipher.update(sealed.subarray(0, length));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    return plain;
  }
}

function nonceOf(number: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(NONCE_OF_CHUNK_BYTES);
  nonce.writeBigUInt64BE(BigInt(number), 3);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}

/** Returns the number of chunks of a payload; it has at least one. */
export function chunksOf(plainBytes: number): number {
  return Math.max(1, Math.ceil(plainBytes / CHUNK_BYTES));
}

/** Returns the size of the payload of this many bytes, without the nonce. */
function sealedBytesOf(plainBytes: number): number {
  return plainBytes + chunksOf(plainBytes) * TAG_BYTES;
}

/**
 * Returns the size of the plaintext of a payload, without the nonce; `undefined` if no payload has
 * this size, because its last chunk would be empty or cut off.
 */
export function plainBytesOf(sealedBytes: number): number | undefined {
  if (sealedBytes === Infinity) return Infinity;
  const chunks = Math.ceil(sealedBytes / SEALED_CHUNK_BYTES);
  const plain = sealedBytes - chunks * TAG_BYTES;
  return chunks > 0 && plain >= 0 && sealedBytesOf(plain) === sealedBytes ? plain : undefined;
}
