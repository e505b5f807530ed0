import type { ArchiveWriter } from '../../archive/archive-writer.js';
import { TarArchiveWriter } from '../../archive/tar-archive-writer.js';
import type { PendingBackup, SealedArchive } from '../destination.js';
import { ARCHIVE_SUFFIX, SUMMARY_SUFFIX } from '../names.js';
import { PARTIAL_SUFFIX } from '../../files/sync.js';
import { type S3Place, withPlaceErrors } from './s3-place.js';
import { S3UploadSink, contentOf } from './s3-upload-sink.js';
import { type Summary, encodeSummary } from '../summary.js';
import type { OwnLock } from './locks/own-lock.js';

/** A backup that is being uploaded. The archive is invisible until it is complete. */
export class PendingS3Backup implements PendingBackup {
  readonly id: string;
  readonly createdAt: Date;
  readonly writer: ArchiveWriter;
  readonly #place: S3Place;
  readonly #sink: S3UploadSink;
  readonly #lock: OwnLock | undefined;
  #state: 'open' | 'publishing' | 'committing' | 'ended' = 'open';

  /** `lock` locks the archive and the summary. */
  constructor(place: S3Place, id: string, createdAt: Date, lock?: OwnLock) {
    this.id = id;
    this.createdAt = createdAt;
    this.#place = place;
    this.#lock = lock;
    const retention = lock?.retention;
    this.#sink = new S3UploadSink(place, place.prefix + id + ARCHIVE_SUFFIX, retention);
    this.writer = new TarArchiveWriter(this.#sink, id, createdAt);
  }

  async seal(): Promise<SealedArchive> {
    return { file: this.id + ARCHIVE_SUFFIX, ...(await this.#sink.end()) };
  }

  /**
   * Writes the summary under its temporary name before the archive appears: an archive without
   * either was put there by a person, and is left alone.
   */
  async commit(planned: Summary): Promise<Summary> {
    const { store, bucket } = this.#place;
    const partial = contentOf(Buffer.from(encodeSummary(planned)));
    this.#state = 'publishing';
    // Without the signal: an aborted request might still take effect after `discard`.
    await withPlaceErrors(this.#place, store.putObject(bucket, this.#partialKey, partial));
    await this.#sink.publish();
    const archive = this.id + ARCHIVE_SUFFIX;
    const summary = (await this.#lock?.confirm(archive, planned)) ?? planned;
    const content = contentOf(Buffer.from(encodeSummary(summary)));
    const options = { attributes: { retention: this.#lock?.retention ?? null } };
    this.#state = 'committing';
    await withPlaceErrors(this.#place, store.putObject(bucket, this.#summaryKey, content, options));
    this.#state = 'ended';
    await withPlaceErrors(this.#place, store.deleteObject(bucket, this.#partialKey));
    return (await this.#lock?.confirm(this.id + SUMMARY_SUFFIX, summary)) ?? summary;
  }

  async discard(): Promise<void> {
    if (this.#state === 'ended') return;
    // The summary goes first: an archive without one is not a backup, but a summary without its
    // archive would look damaged.
    if (this.#state === 'committing') await this.#delete(this.#summaryKey);
    await this.#sink.discard();
    if (this.#state !== 'open') await this.#delete(this.#partialKey);
    this.#state = 'ended';
  }

  /** An incomplete upload cannot be read, so nothing is left for the next run. */
  async endEarly(): Promise<undefined> {
    await this.discard();
    return undefined;
  }

  async #delete(key: string): Promise<void> {
    const { store, bucket } = this.#place;
    await withPlaceErrors(this.#place, store.deleteObject(bucket, key));
  }

  get #summaryKey(): string {
    return this.#place.prefix + this.id + SUMMARY_SUFFIX;
  }

  get #partialKey(): string {
    return this.#summaryKey + PARTIAL_SUFFIX;
  }
}
