import type { ArchiveWriter } from '../../archive/archive-writer.js';
import { TarArchiveWriter } from '../../archive/tar-archive-writer.js';
import { MangamotionError, isMangamotionError } from '../../errors.js';
import type { PendingBackup, SealedArchive } from '../destination.js';
import { RunEncryption } from '../encryption/run-encryption.js';
import type { Vault } from '../encryption/vault.js';
import {
  ARCHIVE_SUFFIX,
  ENCRYPTED_SUFFIX,
  SIDECAR_SUFFIX,
  SIGNATURE_SUFFIX,
  SUMMARY_SUFFIX,
} from '../names.js';
import { signatureOf } from '../encryption/sign-summary.js';
import { PARTIAL_SUFFIX } from '../../files/sync.js';
import type { PutOptions } from '../../object-store/port.js';
import { ownPartsOf } from '../parts.js';
import { ABANDONED_TEXT } from '../removal-mark.js';
import { type S3Place, withPlaceErrors } from './s3-place.js';
import { S3UploadSink, contentOf } from './s3-upload-sink.js';
import type { Summary } from '../summary.js';
import { encodeSummary } from '../summary-codec.js';
import { isThere, putSummary, withdrawIfIncomplete } from './summary-object.js';
import type { OwnLock } from './locks/own-lock.js';

interface EncryptedUpload {
  run: RunEncryption;
  index: S3UploadSink;
}

interface Uploads {
  /** The archive, as it is stored. */
  sink: S3UploadSink;
  encryption?: EncryptedUpload;
  lock: OwnLock | undefined;
}

/** A backup that is being uploaded. The archive is invisible until it is complete. */
export class PendingS3Backup implements PendingBackup {
  readonly id: string;
  readonly createdAt: Date;
  readonly writer: ArchiveWriter;
  readonly #place: S3Place;
  readonly #vault: Vault;
  readonly #file: string;
  readonly #sink: S3UploadSink;
  readonly #encryption: EncryptedUpload | undefined;
  readonly #lock: OwnLock | undefined;
  #left: string[] = [];
  /** Whether its signature may be there. */
  #isSigned = false;
  #state: 'open' | 'publishing' | 'committing' | 'ended' = 'open';

  private constructor(
    place: S3Place,
    vault: Vault,
    { id, createdAt }: { id: string; createdAt: Date },
    { sink, encryption, lock }: Uploads,
  ) {
    this.id = id;
    this.createdAt = createdAt;
    this.#place = place;
    this.#vault = vault;
    this.#sink = sink;
    this.#encryption = encryption;
    this.#lock = lock;
    this.#file = id + (encryption === undefined ? ARCHIVE_SUFFIX : ENCRYPTED_SUFFIX);
    const { archive = sink, index } = encryption?.run ?? {};
    this.writer = new TarArchiveWriter(archive, id, createdAt, index);
  }

  /**
   * Begins a backup that is encrypted if the vault names recipients. `lock` locks its files. Sends no
   * request.
   */
  static async begin(
    place: S3Place,
    vault: Vault,
    backup: { id: string; createdAt: Date },
    lock?: OwnLock,
  ): Promise<PendingS3Backup> {
    const upload = (suffix: string) =>
      new S3UploadSink(place, place.prefix + backup.id + suffix, { retention: lock?.retention });
    if (vault.recipients.length === 0) {
      return new PendingS3Backup(place, vault, backup, { sink: upload(ARCHIVE_SUFFIX), lock });
    }
    const [sink, index] = [upload(ENCRYPTED_SUFFIX), upload(SIDECAR_SUFFIX)];
    // An unfinished upload cannot be read, so nothing keeps its key.
    const run = await RunEncryption.begin(vault, backup, { archive: sink, index });
    return new PendingS3Backup(place, vault, backup, { sink, encryption: { run, index }, lock });
  }

  get recipients(): readonly string[] | undefined {
    return this.#encryption?.run.recipients;
  }

  get left(): readonly string[] {
    return this.#left;
  }

  async seal(): Promise<SealedArchive> {
    await this.#encryption?.run.archive.end();
    return { file: this.#file, ...(await this.#sink.end()) };
  }

  /**
   * Writes the summary under its temporary name before the archive appears: an archive without
   * either was put there by a person, and is left alone. The signature is there before the summary,
   * so that no backup is ever seen without its own.
   */
  async commit(captured: Summary, check?: () => Promise<void>): Promise<Summary> {
    const { store, bucket } = this.#place;
    const planned = (await this.#encryption?.run.complete(captured)) ?? captured;
    const partial = contentOf(Buffer.from(encodeSummary(planned)));
    this.#state = 'publishing';
    // Without the signal: an aborted request might still take effect after `discard`.
    await withPlaceErrors(this.#place, store.putObject(bucket, this.#partialKey, partial));
    await check?.();
    await this.#sink.publish();
    await this.#encryption?.index.publish();
    const summary = await this.#confirmLocks(planned);
    const text = encodeSummary(summary);
    const options = { attributes: { retention: this.#lock?.retention ?? null } };
    const signature = await signatureOf(this.id, text, this.#vault, summary);
    if (signature !== undefined) {
      this.#isSigned = true;
      const signed = contentOf(Buffer.from(signature));
      const put = store.putObject(bucket, this.#signatureKey, signed, options);
      await withPlaceErrors(this.#place, put);
    }
    await check?.();
    this.#state = 'committing';
    await this.#publishSummary(text, options);
    if (this.#place.appendOnly !== true) {
      const parts = ownPartsOf(summary).map(({ archive }) => archive.file);
      await withdrawIfIncomplete(this.#place, this.id, text, [...this.#files, ...parts]);
    }
    this.#state = 'ended';
    if (this.#place.appendOnly !== true) await this.#clearPartial();
    return await this.#confirmLast(summary);
  }

  async #publishSummary(text: string, options: PutOptions): Promise<void> {
    try {
      await putSummary(this.#place, this.id, text, options);
    } catch (error) {
      // What has these names belongs to the backup of another run: `discard` must not remove it.
      if (isMangamotionError(error, 'locked')) await this.abandon();
      throw error;
    }
  }

  get #files(): string[] {
    return this.#encryption === undefined ? [this.#file] : [this.#file, this.id + SIDECAR_SUFFIX];
  }

  /** The locks of what is written last: its summary cannot tell any more that they are missing. */
  async #confirmLast(summary: Summary): Promise<Summary> {
    const lock = this.#lock;
    if (lock === undefined) return summary;
    const confirmed = await lock.confirm(this.id + SUMMARY_SUFFIX, summary);
    if (!this.#isSigned) return confirmed;
    return await lock.confirm(this.id + SIGNATURE_SUFFIX, confirmed);
  }

  async #confirmLocks(planned: Summary): Promise<Summary> {
    const lock = this.#lock;
    if (lock === undefined) return planned;
    const summary = await lock.confirm(this.#file, planned);
    if (this.#encryption === undefined) return summary;
    return await lock.confirm(this.id + SIDECAR_SUFFIX, summary);
  }

  async #clearPartial(): Promise<void> {
    const { store, bucket } = this.#place;
    try {
      await withPlaceErrors(this.#place, store.deleteObject(bucket, this.#partialKey));
    } catch (error) {
      throw isMangamotionError(error, 'access_denied') ? this.#notCleared(error) : error;
    }
  }

  /** These keys may not delete. */
  #notCleared(error: MangamotionError): MangamotionError {
    return new MangamotionError(
      'access_denied',
      `${this.id} is complete, but its temporary summary stays: ${error.message}`,
      { hint: error.hint, cause: error.cause, request: error.request },
    );
  }

  async discard(): Promise<void> {
    if (this.#state === 'ended') return;
    if (this.#place.appendOnly === true) {
      await this.#sink.discard();
      await this.#encryption?.index.discard();
      this.#left = this.#whatStays();
      this.#state = 'ended';
      return;
    }
    // The summary goes first: an archive without one is not a backup, but a summary without its
    // archive would look damaged.
    if (this.#state === 'committing') await this.#delete(this.#summaryKey);
    await this.#sink.discard();
    await this.#encryption?.index.discard();
    if (this.#isSigned) await this.#delete(this.#signatureKey);
    if (this.#state !== 'open') await this.#delete(this.#partialKey);
    this.#state = 'ended';
  }

  async abandon(): Promise<void> {
    if (this.#state === 'ended') return;
    const mayHaveArchive = this.#state !== 'open';
    this.#state = 'ended';
    await this.#sink.abandon();
    await this.#encryption?.index.abandon();
    if (mayHaveArchive) await this.#putMark();
  }

  /** Whoever took over may have removed it before our archive appeared, which nobody would know as ours without. */
  async #putMark(): Promise<void> {
    if ((await isThere(this.#place, this.id + SUMMARY_SUFFIX)) !== false) return;
    const { store, bucket } = this.#place;
    const mark = contentOf(Buffer.from(ABANDONED_TEXT));
    await withPlaceErrors(this.#place, store.putObject(bucket, this.#partialKey, mark));
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

  /** An append-only run deletes nothing. Its archive, if it is there, is whole. */
  #whatStays(): string[] {
    const { url } = this.#place;
    const path = `${url}/${this.id}`;
    const uploadOf = (file: string) =>
      `the unfinished upload of ${url}/${file} stays: these keys may not abort it`;
    const files = `what was written of ${path} stays, because an append-only run deletes nothing`;
    const whole = `${path} may be a whole backup: "mangamotion backup list ${url}" tells`;
    return [
      ...(this.#sink.leavesUpload ? [uploadOf(this.#file)] : []),
      ...(this.#encryption?.index.leavesUpload === true
        ? [uploadOf(this.id + SIDECAR_SUFFIX)]
        : []),
      ...(this.#state === 'open' ? [] : [files]),
      ...(this.#state === 'committing' ? [whole] : []),
    ];
  }

  get #summaryKey(): string {
    return this.#place.prefix + this.id + SUMMARY_SUFFIX;
  }

  get #signatureKey(): string {
    return this.#place.prefix + this.id + SIGNATURE_SUFFIX;
  }

  get #partialKey(): string {
    return this.#summaryKey + PARTIAL_SUFFIX;
  }
}
