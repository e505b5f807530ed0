import { EncryptingSink } from '../../age/encrypting-sink.js';
import { type FileHead, makeHead, payloadKeyOf } from '../../age/header.js';
import { IndexCopy } from '../../archive/index-copy.js';
import type { ArchiveSink } from '../../archive/sink.js';
import { ENCRYPTED_SUMMARY_VERSION, type Summary } from '../summary.js';
import { SEALED_PART, splitSummary } from './split-summary.js';
import { type Vault, hostRecipientOf } from './vault.js';

/** A sink whose size and digest are known when it has ended. */
export interface EndingSink extends ArchiveSink {
  end(): Promise<{ bytes: number; sha256: string }>;
}

/**
 * The encryption of one new backup: its archive goes to the recipients, its index to them and to
 * this host. Each file has a key of its own.
 */
export class RunEncryption {
  readonly recipients: readonly string[];
  /** Takes the plaintext of the archive. */
  readonly archive: EncryptingSink;
  readonly index: IndexCopy;
  readonly #heads: { archive: FileHead; index: FileHead };
  readonly #indexSink: EncryptingSink;
  readonly #indexFile: EndingSink;

  private constructor(
    recipients: readonly string[],
    heads: { archive: FileHead & { fileKey: Buffer }; index: FileHead & { fileKey: Buffer } },
    files: { archive: ArchiveSink; index: EndingSink },
    { id, createdAt }: { id: string; createdAt: Date },
  ) {
    this.recipients = recipients;
    this.#heads = heads;
    this.#indexFile = files.index;
    this.archive = encrypted(files.archive, heads.archive);
    this.#indexSink = encrypted(files.index, heads.index);
    this.index = new IndexCopy(this.#indexSink, id, createdAt);
  }

  /** Begins the files. `keepKey` gets the file key of the archive before anything is written. */
  static async begin(
    vault: Vault,
    backup: { id: string; createdAt: Date },
    files: { archive: ArchiveSink; index: EndingSink },
    keepKey?: (fileKey: Buffer) => Promise<void>,
  ): Promise<RunEncryption> {
    const { recipients } = vault;
    const host = await hostRecipientOf(vault);
    const readers = host === undefined ? [] : [host];
    const archive = await makeHead(recipients);
    const index = await makeHead([...new Set([...recipients, ...readers])]);
    await keepKey?.(archive.fileKey);
    return new RunEncryption(recipients, { archive, index }, files, backup);
  }

  /**
   * Ends the sidecar with what the summary must not show. Resolves to the summary as it is written:
   * `archive_bytes` is the size of the encrypted file.
   */
  async complete(summary: Summary): Promise<Summary> {
    const { open, sealed } = splitSummary(summary);
    await this.index.finish(SEALED_PART, sealed, summary.archive.directory.sha256);
    await this.#indexSink.end();
    const index = await this.#indexFile.end();
    const own = {
      ...inText(this.#heads.archive),
      bytes: summary.archive_bytes,
      index: { ...inText(this.#heads.index), ...index },
    };
    const archives = { ...summary.encryption?.archives, [summary.id]: own };
    return {
      ...open,
      format: Math.max(summary.format, ENCRYPTED_SUMMARY_VERSION),
      encryption: { scheme: 'age', recipients: [...this.recipients], archives },
    };
  }
}

function encrypted(sink: ArchiveSink, head: FileHead & { fileKey: Buffer }): EncryptingSink {
  return new EncryptingSink(sink, [head.header, head.nonce], payloadKeyOf(head.fileKey, head));
}

function inText({ header, nonce }: FileHead): { header: string; nonce: string } {
  return { header: header.toString('base64'), nonce: nonce.toString('base64') };
}
