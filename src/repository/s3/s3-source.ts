import { countOf, formatCount } from '../../count-of.js';
import { MEMBER_HEADER_BYTES } from '../../archive/gzip.js';
import type { ClosableSource } from '../../archive/sink.js';
import { MangamotionError } from '../../errors.js';
import { s3CodeOf } from '../../object-store/store-errors.js';
import { type S3Place, withPlaceErrors, isNoSuchObject } from './s3-place.js';

/** A read of a member's header fetches this much ahead, because an audit reads on from there. */
const READ_AHEAD_BYTES = 8 * 1024 * 1024;

/** Reads an archive from a bucket, by one range request for each read. */
export class S3Source implements ClosableSource {
  readonly sizeBytes: number;
  readonly #place: S3Place;
  readonly #key: string;
  #ahead: { offset: number; bytes: Buffer } = { offset: 0, bytes: Buffer.alloc(0) };

  /** `sizeBytes` is the size in the summary; `Infinity` if it was not read. */
  constructor(place: S3Place, key: string, sizeBytes: number) {
    this.#place = place;
    this.#key = key;
    this.sizeBytes = sizeBytes;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const held = this.#held(offset, length);
    if (held !== undefined) return held;
    const isHead = length === MEMBER_HEADER_BYTES;
    const wanted = isHead ? Math.min(READ_AHEAD_BYTES, this.sizeBytes - offset) : length;
    const bytes = await this.#fetch(offset, Math.max(length, wanted));
    if (bytes.length < length) throw this.#endsAt(offset + bytes.length);
    if (isHead) this.#ahead = { offset, bytes };
    return bytes.subarray(0, length);
  }

  close(): Promise<void> {
    this.#ahead = { offset: 0, bytes: Buffer.alloc(0) };
    return Promise.resolve();
  }

  #held(offset: number, length: number): Buffer | undefined {
    const start = offset - this.#ahead.offset;
    if (start < 0 || start + length > this.#ahead.bytes.length) return undefined;
    return this.#ahead.bytes.subarray(start, start + length);
  }

  /** Resolves to fewer bytes than requested if the object ends before. */
  async #fetch(offset: number, length: number): Promise<Buffer> {
    if (length === 0) return Buffer.alloc(0);
    try {
      return await withPlaceErrors(this.#place, this.#fetchRange(offset, length));
    } catch (error) {
      if (!isNoSuchObject(error)) throw error;
      if (s3CodeOf(error) === 'InvalidRange') throw this.#endsAt(offset);
      throw new MangamotionError('damaged', `${this.#name} is missing`, {
        hint: 'Put it back beside its summary, or use another backup.',
        cause: error,
      });
    }
  }

  async #fetchRange(start: number, length: number): Promise<Buffer> {
    const { store, bucket, signal } = this.#place;
    const range = { start, end: start + length };
    const { head, body } = await store.getObject(bucket, this.#key, { range, signal });
    if (this.sizeBytes !== Infinity && head.sizeBytes !== this.sizeBytes) {
      body.destroy();
      throw new MangamotionError(
        'damaged',
        `${this.#name} has ${countOf(head.sizeBytes, 'byte')}, but its summary says ${formatCount(this.sizeBytes)}`,
      );
    }
    const bytes = Buffer.allocUnsafeSlow(Math.min(length, head.sizeBytes - start));
    let filled = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) filled += chunk.copy(bytes, filled);
    return bytes.subarray(0, filled);
  }

  get #name(): string {
    return `s3://${this.#place.bucket}/${this.#key}`;
  }

  #endsAt(offset: number): MangamotionError {
    return new MangamotionError('damaged', `${this.#name} ends before byte ${offset + 1}`);
  }
}
