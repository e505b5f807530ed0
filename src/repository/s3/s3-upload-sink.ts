import { createHash } from 'node:crypto';
import type { ArchiveSink } from '../../archive/sink.js';
import { type RunningDigest, cryptoThread } from '../../threads/crypto-thread.js';
import { MangamotionError, isMangamotionError } from '../../errors.js';
import type {
  ListedPart,
  ObjectContent,
  Retention,
  UploadedPart,
} from '../../object-store/port.js';
import { withPlaceErrors, type S3Place } from './s3-place.js';

/** The most bytes in parts that are being uploaded; a larger part is uploaded alone. */
const MAX_UPLOADING_BYTES = 10 * 1024 * 1024;
/** A part is sent in pieces, so that none blocks the event loop for long. */
const PIECE_BYTES = 1024 * 1024;

/** An unfinished upload of the same key that is continued. */
export interface KeptUpload {
  uploadId: string;
  /** The parts that the server holds, by their numbers. */
  parts: ReadonlyMap<number, ListedPart>;
}

/**
 * Uploads an object of unknown length in parts, and computes its SHA-256. An object smaller than a
 * part is sent by a single PUT. Memory holds the current part and those being uploaded.
 */
export class S3UploadSink implements ArchiveSink {
  readonly #place: S3Place;
  readonly #key: string;
  readonly #retention: Retention | null;
  readonly #thread = cryptoThread();
  readonly #digest = this.#thread.beginDigest();
  #isDigestLent = false;
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
  #leavesUpload = false;
  readonly #kept: KeptUpload['parts'];

  /** `retention` locks the object from its creation. `kept` is an upload that is continued. */
  constructor(
    place: S3Place,
    key: string,
    { kept, retention }: { kept?: KeptUpload | undefined; retention?: Retention | undefined } = {},
  ) {
    this.#place = place;
    this.#key = key;
    this.#retention = retention ?? null;
    this.#kept = kept?.parts ?? new Map<number, ListedPart>();
    if (kept !== undefined) this.#begun = Promise.resolve(kept.uploadId);
    this.#signal = AbortSignal.any([place.signal, this.#ended.signal]);
  }

  lendDigest(): RunningDigest {
    this.#isDigestLent = true;
    return this.#digest;
  }

  async write(chunks: readonly Uint8Array[]): Promise<void> {
    // The caller may reuse its memory when the digest has it, too.
    const digesting = this.#isDigestLent ? undefined : this.#digest.update(chunks);
    digesting?.catch(() => undefined);
    for (const chunk of chunks) {
      this.#bytes += chunk.length;
      let position = 0;
      while (position < chunk.length) {
        // A full part is sent only when more bytes follow, so that the last part is never empty.
        if (this.#filledBytes === this.#part?.length) await this.#sendPart();
        // The bytes are copied, because the caller reuses its memory.
        const part = (this.#part ??= this.#emptyPart());
        const piece = chunk.subarray(position, position + part.length - this.#filledBytes);
        part.set(piece, this.#filledBytes);
        this.#filledBytes += piece.length;
        position += piece.length;
      }
    }
    await digesting;
    this.#throwFailure();
  }

  /** Uploads the rest. The object does not exist yet. */
  async end(): Promise<{ bytes: number; sha256: string }> {
    this.#throwFailure();
    if (this.#begun !== undefined) {
      await this.#sendPart();
      await Promise.all(this.#uploading);
      this.#throwFailure();
      await this.#abortStrayUploads(await this.#begun);
    }
    return { bytes: this.#bytes, sha256: await this.#digest.finish() };
  }

  /**
   * Creates the object; call it after `end`. It ignores the signal: an aborted request might still
   * take effect after `discard` has removed the object.
   */
  async publish(): Promise<void> {
    const { store, bucket } = this.#place;
    this.#mayExist = true;
    if (this.#begun === undefined) {
      const content = contentOf((this.#part ?? Buffer.alloc(0)).subarray(0, this.#filledBytes));
      const options = { attributes: { retention: this.#retention } };
      await withPlaceErrors(this.#place, store.putObject(bucket, this.#key, content, options));
    } else {
      const parts = this.#parts.sort((a, b) => a.partNumber - b.partNumber);
      const upload = await this.#begun;
      const completed = store.completeMultipartUpload(bucket, this.#key, upload, parts);
      await withPlaceErrors(this.#place, completed).catch(throwUnlessUnlocked);
    }
    this.#part = undefined;
    this.#spare.length = 0;
  }

  /** Whether `discard` was not allowed to abort the upload. */
  get leavesUpload(): boolean {
    return this.#leavesUpload;
  }

  /**
   * Removes everything that was uploaded, including an object that `publish` created. An append-only run
   * aborts its upload if it may, and leaves the object.
   */
  async discard(): Promise<void> {
    this.#ended.abort(new Error('the upload was abandoned'));
    await Promise.all(this.#uploading);
    const { store, bucket } = this.#place;
    if (this.#begun !== undefined) {
      const begun = await this.#begun.catch(() => undefined);
      if (begun !== undefined) await this.#abortOwnUpload(begun);
      await this.#abortStrayUploads(begun);
    }
    if (!this.#mayExist || this.#place.appendOnly === true) return;
    await withPlaceErrors(this.#place, store.deleteObject(bucket, this.#key));
  }

  /** Ends this upload alone, and leaves the object: both may be another run's. */
  async abandon(): Promise<void> {
    this.#ended.abort(new Error('the upload was abandoned'));
    await Promise.all(this.#uploading);
    const begun = await this.#begun?.catch(() => undefined);
    if (begun !== undefined && !this.#mayExist) await this.#abortOwnUpload(begun);
  }

  /**
   * Ends an upload that is not complete, and leaves its parts to be continued. Resolves to whether
   * there are any.
   */
  async leave(): Promise<boolean> {
    this.#ended.abort(new Error('the upload was interrupted'));
    await Promise.all(this.#uploading);
    this.#part = undefined;
    this.#spare.length = 0;
    return this.#parts.length > 0;
  }

  /**
   * Aborts every upload of our key except `own`. If the answer to CreateMultipartUpload was lost,
   * the server holds an upload whose id we never learned. The key is reserved for this backup, so no
   * other upload of it belongs to somebody else. An append-only run leaves it.
   */
  async #abortStrayUploads(own: string | undefined): Promise<void> {
    if (this.#place.appendOnly === true) return;
    const { store, bucket } = this.#place;
    const listed = store.listMultipartUploads(bucket, this.#key);
    for (const { key, uploadId } of await withPlaceErrors(this.#place, listed)) {
      if (key === this.#key && uploadId !== own) await this.#abortUpload(uploadId);
    }
  }

  /** A policy that keeps others' uploads from being aborted may do the same for our own. */
  async #abortOwnUpload(uploadId: string): Promise<void> {
    try {
      await this.#abortUpload(uploadId);
    } catch (error) {
      const mayStay = this.#place.appendOnly === true && isMangamotionError(error, 'access_denied');
      if (!mayStay) throw error;
      this.#leavesUpload = true;
    }
  }

  async #abortUpload(uploadId: string): Promise<void> {
    const { store, bucket } = this.#place;
    await withPlaceErrors(this.#place, store.abortMultipartUpload(bucket, this.#key, uploadId));
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
      throw new MangamotionError('refused', `${this.#key} is larger than 5 TiB, the limit of S3`, {
        hint: 'Back up the buckets one by one with --bucket.',
      });
    }
    const attributes = { retention: this.#retention };
    this.#begun ??= store.createMultipartUpload(bucket, this.#key, { ...options, attributes });
    const upload = await withPlaceErrors(this.#place, this.#begun);
    const { sha256, md5 } = await this.#thread.digest(content);
    const kept = this.#kept.get(partNumber);
    if (kept?.sizeBytes === content.length && kept.etag === md5) {
      this.#parts.push({ partNumber, etag: kept.etag });
      return;
    }
    const plain = { sizeBytes: content.length, sha256, open: () => piecesOf(content) };
    const locked = { ...plain, md5: Buffer.from(md5, 'hex').toString('base64') };
    const part = this.#retention === null ? plain : locked;
    const sent = store.uploadPart(bucket, this.#key, upload, partNumber, part, options);
    this.#parts.push({ partNumber, etag: await withPlaceErrors(this.#place, sent) });
  }

  /**
   * Returns memory for the next part. That of an uploaded part is reused if it has the same size.
   */
  #emptyPart(): Buffer {
    const length = partBytes(this.#nextNumber);
    const spare = this.#spare.pop();
    return spare?.length === length ? spare : Buffer.from(new SharedArrayBuffer(length));
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** A refused lock of a complete object: its lock is confirmed later, and tried again. */
function throwUnlessUnlocked(error: unknown): void {
  const isAboutLock =
    isMangamotionError(error, 'access_denied', 'refused') &&
    error.request?.operation === 'PutObjectRetention';
  if (!isAboutLock) throw error;
}

export function contentOf(bytes: Buffer): ObjectContent {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { sizeBytes: bytes.length, sha256, open: () => piecesOf(bytes) };
}

function* piecesOf(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
    yield bytes.subarray(start, start + PIECE_BYTES);
  }
}

/**
 * The sizes of parts of an upload of unknown length. S3 allows 10,000 parts, and a part stays in
 * memory until it is uploaded. Parts therefore begin small and grow, so that 10,000 of them hold 5
 * TiB, S3's largest object.
 */

export const MAX_PARTS = 10_000;
/** The smallest part that S3 accepts, except for the last one. */
const FIRST_BYTES = 5 * 1024 * 1024;
/** The number of parts of equal size (5 GB in all). */
const ALIKE = 1000;
/** The difference in size between each further part and the one before. */
const GROWTH_BYTES = 132 * 1024;

/** Returns the size of part 1 to 10,000 in bytes. The last part of an archive may be smaller. */
export function partBytes(partNumber: number): number {
  return FIRST_BYTES + Math.max(0, partNumber - ALIKE) * GROWTH_BYTES;
}

/** Returns the parts of an object of this size, in their order: from `start` up to, not including, `end`. */
export function partRanges(sizeBytes: number): { start: number; end: number }[] {
  const ranges: { start: number; end: number }[] = [];
  for (let start = 0; start < sizeBytes;) {
    const end = Math.min(sizeBytes, start + partBytes(ranges.length + 1));
    ranges.push({ start, end });
    start = end;
  }
  return ranges;
}
