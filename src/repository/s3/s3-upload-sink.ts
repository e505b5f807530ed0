import { createHash } from 'node:crypto';
import type { ArchiveSink } from '../../archive/sink.js';
import { MangamotionError } from '../../errors.js';
import type { ObjectContent, UploadedPart } from '../../object-store/port.js';
import { withPlaceErrors, type S3Place } from './s3-place.js';

/** Parts that are being uploaded may hold so much (two small ones); one that is larger goes alone. */
const MAX_UPLOADING_BYTES = 10 * 1024 * 1024;
/** A part is hashed and sent in pieces: each holds up the event loop for a moment only. */
const PIECE_BYTES = 1024 * 1024;

/**
 * Writes one object whose length is not known, part by part, and keeps the SHA-256 of it all. What
 * is smaller than a part goes in a single PUT. In memory are the part that is being filled and those
 * that are being uploaded.
 */
export class S3UploadSink implements ArchiveSink {
  readonly #place: S3Place;
  readonly #key: string;
  readonly #hash = createHash('sha256');
  readonly #ended = new AbortController();
  readonly #signal: AbortSignal;
  readonly #uploading = new Set<Promise<void>>();
  readonly #spare: Buffer[] = [];
  readonly #parts: UploadedPart[] = [];
  #begun: Promise<string> | undefined;
  #part: Buffer | undefined;
  #filledBytes = 0;
  #uploadingBytes = 0;
  #nextNumber = 1;
  #bytes = 0;
  #failure: { error: unknown } | undefined;
  #mayExist = false;

  constructor(place: S3Place, key: string) {
    this.#place = place;
    this.#key = key;
    this.#signal = AbortSignal.any([place.signal, this.#ended.signal]);
  }

  async write(chunks: readonly Uint8Array[]): Promise<void> {
    for (const chunk of chunks) {
      this.#hash.update(chunk);
      this.#bytes += chunk.length;
      let position = 0;
      while (position < chunk.length) {
        // Only when more comes, so that the last part is never empty.
        if (this.#filledBytes === this.#part?.length) await this.#sendPart();
        // Whoever wrote it uses its memory again.
        const part = (this.#part ??= this.#emptyPart());
        const piece = chunk.subarray(position, position + part.length - this.#filledBytes);
        part.set(piece, this.#filledBytes);
        this.#filledBytes += piece.length;
        position += piece.length;
      }
    }
    this.#throwFailure();
  }

  /** Uploads what is left. The object is not there yet. */
  async end(): Promise<{ bytes: number; sha256: string }> {
    this.#throwFailure();
    if (this.#begun !== undefined) {
      await this.#sendPart();
      await Promise.all(this.#uploading);
      this.#throwFailure();
    }
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  /**
   * After `end`: the object is there when this resolves. Without the signal: a request that is broken
   * off may still be carried out, and the object would appear after `discard` has removed it.
   */
  async publish(): Promise<void> {
    const { store, bucket } = this.#place;
    this.#mayExist = true;
    if (this.#begun === undefined) {
      const content = contentOf((this.#part ?? Buffer.alloc(0)).subarray(0, this.#filledBytes));
      await withPlaceErrors(this.#place, store.putObject(bucket, this.#key, content));
    } else {
      const parts = this.#parts.sort((a, b) => a.partNumber - b.partNumber);
      const upload = await this.#begun;
      const completed = store.completeMultipartUpload(bucket, this.#key, upload, parts);
      await withPlaceErrors(this.#place, completed);
    }
    this.#part = undefined;
    this.#spare.length = 0;
  }

  /** Removes what was uploaded, also what `publish` made of it. */
  async discard(): Promise<void> {
    this.#ended.abort(new Error('the upload was abandoned'));
    await Promise.all(this.#uploading);
    const { store, bucket } = this.#place;
    for (const upload of await this.#ownUploads()) {
      await withPlaceErrors(this.#place, store.abortMultipartUpload(bucket, this.#key, upload));
    }
    if (this.#mayExist) await withPlaceErrors(this.#place, store.deleteObject(bucket, this.#key));
  }

  /** If the answer to CreateMultipartUpload was lost, the server still has the upload. */
  async #ownUploads(): Promise<string[]> {
    if (this.#begun === undefined) return [];
    const begun = await this.#begun.catch(() => undefined);
    if (begun !== undefined) return [begun];
    const { store, bucket } = this.#place;
    const uploads = await withPlaceErrors(
      this.#place,
      store.listMultipartUploads(bucket, this.#key),
    );
    return uploads.filter(({ key }) => key === this.#key).map(({ uploadId }) => uploadId);
  }

  async #sendPart(): Promise<void> {
    const part = this.#part;
    if (part === undefined) return;
    const content = part.subarray(0, this.#filledBytes);
    while (
      this.#uploading.size > 0 &&
      this.#uploadingBytes + content.length > MAX_UPLOADING_BYTES
    ) {
      await Promise.race(this.#uploading);
    }
    this.#throwFailure();
    this.#part = undefined;
    this.#filledBytes = 0;
    this.#uploadingBytes += content.length;
    const uploading = this.#upload(this.#nextNumber++, content)
      .catch((error: unknown) => {
        this.#failure ??= { error };
        this.#ended.abort(error);
      })
      .finally(() => {
        this.#uploadingBytes -= content.length;
        this.#uploading.delete(uploading);
        this.#spare.push(part);
      });
    this.#uploading.add(uploading);
  }

  async #upload(partNumber: number, content: Buffer): Promise<void> {
    const { store, bucket } = this.#place;
    const options = { signal: this.#signal };
    if (partNumber > MAX_PARTS) {
      throw new MangamotionError(
        'refused',
        `${this.#key} is larger than 5 TiB: S3 accepts no more`,
        {
          hint: 'Back up the buckets one by one with --bucket.',
        },
      );
    }
    this.#begun ??= store.createMultipartUpload(bucket, this.#key, options);
    const upload = await withPlaceErrors(this.#place, this.#begun);
    const part = contentOf(content);
    const sent = store.uploadPart(bucket, this.#key, upload, partNumber, part, options);
    this.#parts.push({ partNumber, etag: await withPlaceErrors(this.#place, sent) });
  }

  /** The memory of a part that is uploaded serves again, unless the parts have grown. */
  #emptyPart(): Buffer {
    const length = partBytes(this.#nextNumber);
    const spare = this.#spare.pop();
    return spare?.length === length ? spare : Buffer.allocUnsafeSlow(length);
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** Bytes at hand as the content of an object or a part. */
export function contentOf(bytes: Buffer): ObjectContent {
  const hash = createHash('sha256').update(bytes);
  const pieces: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
    pieces.push(bytes.subarray(start, start + PIECE_BYTES));
  }
  return { sizeBytes: bytes.length, sha256: hash.digest('hex'), open: () => pieces };
}

/**
 * How an archive of unknown length is cut into parts: S3 takes 10,000 of them, and a part is kept in
 * memory until it is uploaded. So the parts are small for as long as an archive is, and grow such
 * that 10,000 of them hold 5 TiB, S3's largest object.
 */

export const MAX_PARTS = 10_000;
/** S3 takes none that is smaller, but for the last. */
const FIRST_BYTES = 5 * 1024 * 1024;
/** Up to here (5 GB) all are alike. */
const ALIKE = 1000;
/** Each part after them is larger than the one before by this. */
const GROWTH_BYTES = 132 * 1024;

/** Bytes of the part of this number, 1 up to 10,000; the last one of an archive may have fewer. */
export function partBytes(partNumber: number): number {
  return FIRST_BYTES + Math.max(0, partNumber - ALIKE) * GROWTH_BYTES;
}
