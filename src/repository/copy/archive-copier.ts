import { LARGEST_SIGNATURE_BYTES } from '../../archive/limits.js';
import { PLAIN_AND_ENCRYPTED_HINT } from '../../config/hints.js';
import { MangamotionError, isMangamotionError } from '../../errors.js';
import type { DestinationLock } from '../../lock/held-lock.js';
import type { BackupFiles } from '../backup-files.js';
import { signatureOf } from '../encryption/sign-summary.js';
import { SIGNATURE_SUFFIX } from '../names.js';
import type { Summary } from '../summary.js';
import { encodeSummary } from '../summary-codec.js';
import type { CopyContext, CopyOptions } from './copy-context.js';
import type { CopyCounter } from './copy-counter.js';
import { isFolder } from './copy-plan.js';
import type { CopiedBackup } from './copy-report.js';
import { encryptArchive } from './encrypting-copy.js';
import type { ExpectedFile, StoredFile } from './expected-file.js';
import type { KnownArchives } from './known-archives.js';
import { areOnOneServer, copyOnServer, whyStreamed } from './server-copy.js';
import { readBack, streamArchive } from './stream-copy.js';

/** The ways of copying an archive: by the server, through this host, or encrypted on the way. */
export class ArchiveCopier {
  readonly source: BackupFiles;
  readonly target: BackupFiles;
  readonly known: KnownArchives;
  readonly #context: CopyContext;
  readonly #options: CopyOptions;
  readonly #lock: DestinationLock;
  readonly #counter: CopyCounter;

  constructor(
    context: CopyContext,
    options: CopyOptions,
    lock: DestinationLock,
    { counter, known }: { counter: CopyCounter; known: KnownArchives },
  ) {
    this.#context = context;
    this.#options = options;
    this.#lock = lock;
    this.#counter = counter;
    this.known = known;
    this.source = context.source.files();
    this.target = context.target.files();
  }

  /**
   * Copies an archive as it is. `bytes`: the summary that tells of it, of which a temporary one is put there
   * first; `undefined` for a part without a manifest.
   */
  async copy(
    file: StoredFile,
    bytes: Buffer | undefined,
    row: Pick<CopiedBackup, 'by' | 'proof'>,
  ): Promise<void> {
    if (await this.#copyOnServer(file, bytes, row)) return;
    await this.#stream(file, bytes);
    Object.assign(row, { by: 'stream', proof: 'read' });
  }

  /** Copies the signature, if there is one. Nothing but a signer can tell whether it is right. */
  async copySignature({ id }: Pick<Summary, 'id'>): Promise<void> {
    const name = id + SIGNATURE_SUFFIX;
    const signature = await this.#context.source.readFile(name, LARGEST_SIGNATURE_BYTES);
    if (signature === undefined) return;
    if (signature === 'unfit') {
      throw new MangamotionError(
        'damaged',
        `${name} at the source is no signature: it is too large`,
      );
    }
    await this.target.sign(id, signature);
  }

  /**
   * Whether a backup is encrypted on the way: what is encrypted already is copied as it is. Throws
   * `refused` for a plain folder.
   */
  encrypts(summary: Summary): boolean {
    const { recipients } = this.#context.vault;
    if (recipients.length === 0 || summary.encryption !== undefined) return false;
    if (!isFolder(summary)) return true;
    throw new MangamotionError(
      'refused',
      `${summary.id} is a plain folder, and cannot be encrypted`,
      {
        hint: PLAIN_AND_ENCRYPTED_HINT,
      },
    );
  }

  /** Encrypts an archive on the way, and resolves to its summary at the target. */
  async encrypt(summary: Summary): Promise<Summary> {
    const { signal, vault } = this.#context;
    const { id } = summary;
    const copy = await encryptArchive({
      ...{ source: this.source, target: this.target, summary, vault, signal },
      ...{ records: this.known.records, parts: this.known.parts },
      onBytes: (count) => this.#counter.streamed(count),
    });
    const text = encodeSummary(copy.summary);
    const bytes = Buffer.from(text);
    const signature = await signatureOf(id, text, vault, copy.summary);
    await this.#lock.check();
    await this.target.announce(id, bytes);
    for (const file of copy.files) await file.publish();
    if (this.#options.verify) await this.readTarget(copy.summary);
    if (signature !== undefined) await this.target.sign(id, Buffer.from(signature));
    await this.#lock.check();
    await this.target.commit(id, bytes);
    this.known.remember(copy.summary);
    return copy.summary;
  }

  /** Reads what is at the target. Resolves to whether it has the digests that are expected. */
  async isIntact(...files: (ExpectedFile | undefined)[]): Promise<boolean> {
    try {
      for (const file of files) if (file !== undefined) await this.readTarget(file);
      return true;
    } catch (error) {
      if (!isMangamotionError(error, 'damaged')) throw error;
      return false;
    }
  }

  /** Copies the index of an encrypted backup, which is small. */
  async copySidecar(sidecar: ExpectedFile): Promise<void> {
    const onBytes = (count: number) => this.#counter.read(count);
    const incoming = await streamArchive({
      ...{ source: this.source, target: this.target, summary: sidecar, onBytes },
      ...{ signal: this.#context.signal, onAdopted: () => undefined, onLeft: () => undefined },
    });
    await this.#lock.check();
    await incoming.publish();
    if (!this.#options.verify) return;
    await readBack(this.target, sidecar, { signal: this.#context.signal, onBytes });
  }

  async #stream(summary: StoredFile, bytes: Buffer | undefined): Promise<void> {
    const { signal, progress } = this.#context;
    const incoming = await streamArchive({
      ...{ source: this.source, target: this.target, summary, signal },
      onBytes: (count) => this.#counter.streamed(count),
      onAdopted: (count) => this.#counter.advance(count),
      onLeft: (isContinued) => {
        if (isContinued) progress.warn(`what was copied of ${summary.id} stays for the next run`);
      },
    });
    await this.#lock.check();
    if (bytes !== undefined) await this.target.announce(summary.id, bytes);
    await incoming.publish();
    if (!this.#options.verify) return;
    await this.readTarget(summary).catch((error: unknown) => this.#takeAway(summary, error));
  }

  /** Resolves to whether the server has copied the archive, and proved or read it is. */
  async #copyOnServer(
    summary: StoredFile,
    bytes: Buffer | undefined,
    row: Pick<CopiedBackup, 'by' | 'proof'>,
  ): Promise<boolean> {
    const [source, target] = [this.source.place, this.target.place];
    if (source === undefined || target === undefined || !areOnOneServer(source, target))
      return false;
    if (this.#options.stream || this.#counter.report.streamed_because !== null) return false;
    const { signal } = this.#context;
    const doneBefore = this.#counter.doneBytes;
    const name = summary.archive.file;
    await this.#lock.check();
    if (bytes !== undefined) await this.target.announce(summary.id, bytes);
    try {
      const { isProven } = await copyOnServer({
        ...{ source, target, name, sizeBytes: summary.archive_bytes, signal },
        onBytes: (count) => this.#counter.advance(count),
      });
      Object.assign(row, { by: 'server', proof: 'server' });
      if (isProven && !this.#options.verify) return true;
      await this.readTarget(summary);
      row.proof = 'read';
      return true;
    } catch (error) {
      const why = whyStreamed(error);
      if (why === undefined) return await this.#takeAway(summary, error);
      this.#counter.report.streamed_because = why;
      this.#counter.doneBytes = doneBefore;
      return false;
    }
  }

  /** Removes a copy that is wrong. After another failure it stays, as part of an unfinished copy. */
  async #takeAway(summary: StoredFile, error: unknown): Promise<never> {
    const isWrong = isMangamotionError(error, 'damaged') || isNoCopy(error);
    if (isWrong && !this.#context.signal.aborted) {
      await this.target.discard(summary.archive.file);
      await this.target.withdraw(summary.id);
    }
    throw error;
  }

  async readTarget(summary: ExpectedFile): Promise<void> {
    const { signal, progress } = this.#context;
    progress.phase('reading the copy');
    const onBytes = (count: number) => this.#counter.read(count);
    await readBack(this.target, summary, { signal, onBytes });
    progress.phase();
  }
}

/** Whether the server answered a copy with something else: it may have written an empty object. */
function isNoCopy(error: unknown): boolean {
  return (
    isMangamotionError(error, 'unreachable') &&
    error.request?.operation === 'CopyObject' &&
    error.request.status === 200
  );
}
