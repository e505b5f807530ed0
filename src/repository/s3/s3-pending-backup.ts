import type { ArchiveWriter } from '../../archive/archive-writer.js';
import { TarArchiveWriter } from '../../archive/tar-archive-writer.js';
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
import { type S3Place, withPlaceErrors } from './s3-place.js';
import { S3UploadSink, contentOf } from './s3-upload-sink.js';
import { type Summary, encodeSummary } from '../summary.js';

interface EncryptedUpload {
  run: RunEncryption;
  index: S3UploadSink;
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
  /** Whether its signature may be there. */
  #isSigned = false;
  #state: 'open' | 'publishing' | 'committing' | 'ended' = 'open';

  private constructor(
    place: S3Place,
    vault: Vault,
    { id, createdAt }: { id: string; createdAt: Date },
    sink: S3UploadSink,
    encryption?: EncryptedUpload,
  ) {
    this.id = id;
    this.createdAt = createdAt;
    this.#place = place;
    this.#vault = vault;
    this.#sink = sink;
    this.#encryption = encryption;
    this.#file = id + (encryption === undefined ? ARCHIVE_SUFFIX : ENCRYPTED_SUFFIX);
    const { archive = sink, index } = encryption?.run ?? {};
    this.writer = new TarArchiveWriter(archive, id, createdAt, index);
  }

  /** Begins a backup that is encrypted if the vault names recipients. Sends no request. */
  static async begin(
    place: S3Place,
    vault: Vault,
    backup: { id: string; createdAt: Date },
  ): Promise<PendingS3Backup> {
    const upload = (suffix: string) => new S3UploadSink(place, place.prefix + backup.id + suffix);
    if (vault.recipients.length === 0) {
      return new PendingS3Backup(place, vault, backup, upload(ARCHIVE_SUFFIX));
    }
    const [archive, index] = [upload(ENCRYPTED_SUFFIX), upload(SIDECAR_SUFFIX)];
    const run = await RunEncryption.begin(vault, backup, { archive, index });
    return new PendingS3Backup(place, vault, backup, archive, { run, index });
  }

  get recipients(): readonly string[] | undefined {
    return this.#encryption?.run.recipients;
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
  async commit(captured: Summary): Promise<Summary> {
    const { store, bucket } = this.#place;
    const summary = (await this.#encryption?.run.complete(captured)) ?? captured;
    const text = encodeSummary(summary);
    const content = contentOf(Buffer.from(text));
    const signature = await signatureOf(this.id, text, this.#vault, summary);
    this.#state = 'publishing';
    // Without the signal: an aborted request might still take effect after `discard`.
    await withPlaceErrors(this.#place, store.putObject(bucket, this.#partialKey, content));
    await this.#sink.publish();
    await this.#encryption?.index.publish();
    if (signature !== undefined) {
      this.#isSigned = true;
      const signed = contentOf(Buffer.from(signature));
      await withPlaceErrors(this.#place, store.putObject(bucket, this.#signatureKey, signed));
    }
    this.#state = 'committing';
    await withPlaceErrors(this.#place, store.putObject(bucket, this.#summaryKey, content));
    this.#state = 'ended';
    await withPlaceErrors(this.#place, store.deleteObject(bucket, this.#partialKey));
    await this.#vault.draftKeys.remove(this.id);
    return summary;
  }

  async discard(): Promise<void> {
    if (this.#state === 'ended') return;
    // The summary goes first: an archive without one is not a backup, but a summary without its
    // archive would look damaged.
    if (this.#state === 'committing') await this.#delete(this.#summaryKey);
    await this.#sink.discard();
    await this.#encryption?.index.discard();
    if (this.#isSigned) await this.#delete(this.#signatureKey);
    if (this.#state !== 'open') await this.#delete(this.#partialKey);
    this.#state = 'ended';
    await this.#vault.draftKeys.remove(this.id);
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

  get #signatureKey(): string {
    return this.#place.prefix + this.id + SIGNATURE_SUFFIX;
  }

  get #partialKey(): string {
    return this.#summaryKey + PARTIAL_SUFFIX;
  }
}
