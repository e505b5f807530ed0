import { LARGEST_SUMMARY_BYTES } from '../../archive/limits.js';
import type { ClosableSource } from '../../archive/sink.js';
import { MangamotionError } from '../../errors.js';
import { PARTIAL_SUFFIX } from '../../files/sync.js';
import type { BackupFiles, IncomingFile } from '../backup-files.js';
import { SIGNATURE_SUFFIX, SUMMARY_SUFFIX } from '../names.js';
import type { PlaceRequests } from './place-requests.js';
import { type S3Place, isNoSuchObject, withPlaceErrors } from './s3-place.js';
import { S3Source } from './s3-source.js';
import { type KeptUpload, S3UploadSink, contentOf, partRanges } from './s3-upload-sink.js';

/** The files of the backups in a bucket. */
export class S3Files implements BackupFiles {
  readonly place: S3Place;
  readonly #requests: PlaceRequests;

  constructor(requests: PlaceRequests) {
    this.place = requests.place;
    this.#requests = requests;
  }

  async names(beginning = ''): Promise<Map<string, number>> {
    const objects = await this.#requests.objects(beginning);
    return new Map([...objects].map(([name, { sizeBytes }]) => [name, sizeBytes]));
  }

  async readSummary(id: string): Promise<Buffer | undefined> {
    const { store, bucket } = this.place;
    const key = this.#key(id + SUMMARY_SUFFIX);
    const options = { ...this.#requests.options(), maxBytes: LARGEST_SUMMARY_BYTES };
    try {
      const { content } = await this.#requests.ask(store.readObject(bucket, key, options));
      if (content !== undefined) return content;
    } catch (error) {
      if (isNoSuchObject(error)) return undefined;
      throw error;
    }
    throw new MangamotionError('damaged', `s3://${bucket}/${key} is too large for a summary`);
  }

  open(name: string, sizeBytes: number): Promise<ClosableSource> {
    return Promise.resolve(new S3Source(this.place, this.#key(name), sizeBytes));
  }

  async receive(name: string, sizeBytes: number): Promise<IncomingFile> {
    const key = this.#key(name);
    const sink = new S3UploadSink(this.place, key, {
      kept: await this.#keptUpload(key, sizeBytes),
    });
    return Object.assign(sink, { adoptedBytes: 0 });
  }

  async announce(id: string, summary: Buffer): Promise<void> {
    await this.#put(id + SUMMARY_SUFFIX + PARTIAL_SUFFIX, summary);
  }

  async sign(id: string, signature: Buffer): Promise<void> {
    await this.#put(id + SIGNATURE_SUFFIX, signature);
  }

  async commit(id: string, summary: Buffer): Promise<void> {
    await this.#put(id + SUMMARY_SUFFIX, summary);
    await this.withdraw(id);
  }

  async withdraw(id: string): Promise<void> {
    await this.discard(id + SUMMARY_SUFFIX + PARTIAL_SUFFIX);
  }

  /** Without the signal: this is part of a clean-up, too. */
  async discard(name: string): Promise<void> {
    const { store, bucket } = this.place;
    await withPlaceErrors(this.place, store.deleteObject(bucket, this.#key(name)));
  }

  /**
   * Finds the upload of this key that has the most parts, and aborts the others. One with a part that an
   * object of this length does not have cannot be continued.
   */
  async #keptUpload(key: string, sizeBytes: number): Promise<KeptUpload | undefined> {
    const { store, bucket, signal } = this.place;
    const last = partRanges(sizeBytes).length;
    let kept: KeptUpload | undefined;
    const strays: string[] = [];
    for (const uploadId of await this.#uploadsOf(key)) {
      const found = store.listParts(bucket, key, uploadId, { signal });
      const parts = await withPlaceErrors(this.place, found).catch((error: unknown) => {
        if (isNoSuchObject(error)) return [];
        throw error;
      });
      const isUsable = parts.every(({ partNumber }) => partNumber <= last);
      if (!isUsable || parts.length <= (kept?.parts.size ?? 0)) strays.push(uploadId);
      else {
        if (kept !== undefined) strays.push(kept.uploadId);
        kept = { uploadId, parts: new Map(parts.map((part) => [part.partNumber, part])) };
      }
    }
    for (const uploadId of strays) await this.#abort(key, uploadId);
    return kept;
  }

  async #uploadsOf(key: string): Promise<string[]> {
    const { store, bucket, signal } = this.place;
    const listed = store.listMultipartUploads(bucket, key, { signal });
    const uploads = await withPlaceErrors(this.place, listed);
    return uploads.filter((upload) => upload.key === key).map(({ uploadId }) => uploadId);
  }

  async #abort(key: string, uploadId: string): Promise<void> {
    const { store, bucket } = this.place;
    await withPlaceErrors(this.place, store.abortMultipartUpload(bucket, key, uploadId));
  }

  /** Without the signal: an aborted request might still take effect. */
  async #put(name: string, bytes: Buffer): Promise<void> {
    const { store, bucket } = this.place;
    const put = store.putObject(bucket, this.#key(name), contentOf(bytes));
    await withPlaceErrors(this.place, put);
  }

  #key(name: string): string {
    return this.place.prefix + name;
  }
}
