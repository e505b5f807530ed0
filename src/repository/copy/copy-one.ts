import { isDeepStrictEqual } from 'node:util';
import { LARGEST_SIGNATURE_BYTES } from '../../archive/limits.js';
import { PLAIN_AND_ENCRYPTED_HINT } from '../../config/hints.js';
import { MangamotionError, isMangamotionError } from '../../errors.js';
import type { DestinationLock } from '../../lock/held-lock.js';
import type { WorkProgress } from '../../progress.js';
import { encryptedOf } from '../archives.js';
import type { BackupFiles } from '../backup-files.js';
import { signatureOf } from '../encryption/sign-summary.js';
import { publish } from '../folder/folder-files.js';
import { SIDECAR_SUFFIX, SIGNATURE_SUFFIX } from '../names.js';
import { copyPlain, problemOf } from '../plain/copy-plain.js';
import { type EncryptedRecord, type Summary, decodeSummary, encodeSummary } from '../summary.js';
import type { CopyContext, CopyOptions } from './copy-context.js';
import { isFolder } from './copy-plan.js';
import type { CopiedBackup, CopyReport } from './copy-report.js';
import { encryptArchive, isEncryptedCopy } from './encrypting-copy.js';
import { areOnOneServer, copyOnServer, whyStreamed } from './server-copy.js';
import { type ExpectedFile, readBack, streamArchive } from './stream-copy.js';

/** Counts bytes for the report and the progress. */
export class CopyCounter {
  readonly report: CopyReport;
  doneBytes = 0;
  readonly #progress: WorkProgress;

  constructor(report: CopyReport, progress: WorkProgress) {
    this.report = report;
    this.#progress = progress;
  }

  /** Bytes that went through this host, and were not copied. */
  read(count: number): void {
    this.report.streamed_bytes += count;
  }

  /** Bytes that were copied through this host. */
  streamed(count: number): void {
    this.read(count);
    this.advance(count);
  }

  advance(count: number): void {
    this.doneBytes += count;
    this.#progress.update({ bytes: this.doneBytes });
  }
}

/** The ways of copying one backup: by the server, through this host, or encrypted on the way. */
export class BackupCopier {
  readonly #context: CopyContext;
  readonly #options: CopyOptions;
  readonly #lock: DestinationLock;
  readonly #counter: CopyCounter;
  readonly #source: BackupFiles;
  readonly #target: BackupFiles;
  /** The records of the encrypted archives at the target. */
  readonly #records = new Map<string, EncryptedRecord>();

  constructor(
    context: CopyContext,
    options: CopyOptions,
    lock: DestinationLock,
    counter: CopyCounter,
  ) {
    this.#context = context;
    this.#options = options;
    this.#lock = lock;
    this.#counter = counter;
    this.#source = context.source.files();
    this.#target = context.target.files();
  }

  async copy(summary: Summary, row: CopiedBackup): Promise<void> {
    const bytes = await this.#summaryBytes(summary);
    if (this.#encrypts(summary)) {
      await this.#encrypt(summary);
      Object.assign(row, { by: 'stream', proof: 'read' });
      return;
    }
    await this.#refuseAnother(summary, bytes);
    if (isFolder(summary)) {
      await this.#copyFolder(summary, bytes);
      Object.assign(row, { by: 'stream', proof: 'read' });
      return;
    }
    if (!(await this.#copyOnServer(summary, bytes, row))) {
      await this.#stream(summary, bytes);
      Object.assign(row, { by: 'stream', proof: 'read' });
    }
    const sidecar = sidecarOf(summary);
    if (sidecar !== undefined) await this.#copySidecar(sidecar);
    await this.copySignature(summary);
    await this.#lock.check();
    await this.#target.commit(summary.id, bytes);
  }

  /** A backup may have none, and nothing but a signer can tell whether it is right. */
  async copySignature({ id }: Summary): Promise<void> {
    const name = id + SIGNATURE_SUFFIX;
    const signature = await this.#context.source.readFile(name, LARGEST_SIGNATURE_BYTES);
    if (signature === undefined) return;
    if (signature === 'unfit') {
      throw new MangamotionError(
        'damaged',
        `${name} at the source is no signature: it is too large`,
      );
    }
    await this.#target.sign(id, signature);
  }

  /** What is encrypted already is copied as it is. */
  #encrypts(summary: Summary): boolean {
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

  async #encrypt(summary: Summary): Promise<void> {
    const { signal, vault } = this.#context;
    const { id } = summary;
    const there = await this.#target.readSummary(id);
    const decoded = there === undefined ? undefined : decodeSummary(there);
    const isCopy = decoded?.kind === 'valid' && isEncryptedCopy(decoded.summary, summary);
    if (there !== undefined && !isCopy) throw differentBackup(id);
    const copy = await encryptArchive({
      ...{ source: this.#source, target: this.#target, summary, vault, signal },
      ...{ records: this.#records, onBytes: (count) => this.#counter.streamed(count) },
    });
    const text = encodeSummary(copy.summary);
    const bytes = Buffer.from(text);
    const signature = await signatureOf(id, text, vault, copy.summary);
    await this.#lock.check();
    await this.#target.announce(id, bytes);
    for (const file of copy.files) await file.publish();
    if (this.#options.verify) await this.readTarget(copy.summary);
    if (signature !== undefined) await this.#target.sign(id, Buffer.from(signature));
    await this.#lock.check();
    await this.#target.commit(id, bytes);
    this.remember(copy.summary);
  }

  /** Copies the index of an encrypted backup, which is small. */
  async #copySidecar(sidecar: ExpectedFile): Promise<void> {
    const onBytes = (count: number) => this.#counter.read(count);
    const incoming = await streamArchive({
      ...{ source: this.#source, target: this.#target, summary: sidecar, onBytes },
      ...{ signal: this.#context.signal, onAdopted: () => undefined, onLeft: () => undefined },
    });
    await this.#lock.check();
    await incoming.publish();
    if (!this.#options.verify) return;
    await readBack(this.#target, sidecar, { signal: this.#context.signal, onBytes });
  }

  /** Reads the summary as it is stored: the copy is the same, byte for byte. */
  async #summaryBytes(summary: Summary): Promise<Buffer> {
    const bytes = await this.#source.readSummary(summary.id);
    const decoded = bytes === undefined ? undefined : decodeSummary(bytes);
    if (bytes !== undefined && decoded?.kind === 'valid') {
      if (isDeepStrictEqual(decoded.summary, summary)) return bytes;
    }
    throw new MangamotionError(
      bytes === undefined ? 'not_found' : 'damaged',
      `the summary of ${summary.id} ${bytes === undefined ? 'has been removed' : 'has changed'} at the source since it was listed`,
      { hint: 'Run the command again.' },
    );
  }

  /** A listing may lack what is there, and a backup of the same name is never overwritten. */
  async #refuseAnother({ id }: Summary, bytes: Buffer): Promise<void> {
    const there = await this.#target.readSummary(id);
    if (there === undefined || there.equals(bytes)) return;
    throw differentBackup(id);
  }

  async #stream(summary: Summary, bytes: Buffer): Promise<void> {
    const { signal, progress } = this.#context;
    const incoming = await streamArchive({
      ...{ source: this.#source, target: this.#target, summary, signal },
      onBytes: (count) => this.#counter.streamed(count),
      onAdopted: (count) => this.#counter.advance(count),
      onLeft: (isContinued) => {
        if (isContinued) progress.warn(`what was copied of ${summary.id} stays for the next run`);
      },
    });
    await this.#lock.check();
    await this.#target.announce(summary.id, bytes);
    await incoming.publish();
    if (!this.#options.verify) return;
    await this.readTarget(summary).catch((error: unknown) => this.#takeAway(summary, error));
  }

  /** Resolves to whether the server has copied the archive, and proved or read it is. */
  async #copyOnServer(summary: Summary, bytes: Buffer, row: CopiedBackup): Promise<boolean> {
    const [source, target] = [this.#source.place, this.#target.place];
    if (source === undefined || target === undefined || !areOnOneServer(source, target))
      return false;
    if (this.#options.stream || this.#counter.report.streamed_because !== null) return false;
    const { signal } = this.#context;
    const doneBefore = this.#counter.doneBytes;
    const name = summary.archive.file;
    await this.#lock.check();
    await this.#target.announce(summary.id, bytes);
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
  async #takeAway(summary: Summary, error: unknown): Promise<never> {
    const isWrong = isMangamotionError(error, 'damaged') || isNoCopy(error);
    if (isWrong && !this.#context.signal.aborted) {
      await this.#target.discard(summary.archive.file);
      await this.#target.withdraw(summary.id);
    }
    throw error;
  }

  async #copyFolder(summary: Summary, bytes: Buffer): Promise<void> {
    const [from, to] = [this.#source.folder, this.#target.folder];
    if (from === undefined || to === undefined) return;
    const { signal } = this.#context;
    await copyPlain({
      from,
      to,
      summary,
      signal,
      onBytes: (count) => this.#counter.streamed(count),
    });
    await this.#lock.check();
    await this.#target.announce(summary.id, bytes);
    await publish(`${to}/${summary.id}`, to);
    await this.copySignature(summary);
    await this.#target.commit(summary.id, bytes);
  }

  async problemOfFolder(summary: Summary): Promise<string | undefined> {
    const to = this.#target.folder;
    if (to === undefined) return undefined;
    return await problemOf({ to, summary, signal: this.#context.signal });
  }

  async readTarget(summary: ExpectedFile): Promise<void> {
    const { signal, progress } = this.#context;
    progress.phase('reading the copy');
    const onBytes = (count: number) => this.#counter.read(count);
    await readBack(this.#target, summary, { signal, onBytes });
    progress.phase();
  }

  remember({ id, encryption }: Summary): void {
    const record = encryption?.archives[id];
    if (record !== undefined) this.#records.set(id, record);
  }
}

function differentBackup(id: string): MangamotionError {
  return new MangamotionError(
    'refused',
    `the target has a different backup named ${id}, which stays as it is`,
  );
}

/** Returns the length, name and digest of the sidecar; `undefined` if the backup is not encrypted. */
export function sidecarOf(summary: Summary): ExpectedFile | undefined {
  const record = encryptedOf(summary, summary.id)?.record;
  if (record === undefined) return undefined;
  const { bytes, sha256 } = record.index;
  return { archive_bytes: bytes, archive: { file: summary.id + SIDECAR_SUFFIX, sha256 } };
}

/** Whether the server answered a copy with something else: it may have written an empty object. */
function isNoCopy(error: unknown): boolean {
  return (
    isMangamotionError(error, 'unreachable') &&
    error.request?.operation === 'CopyObject' &&
    error.request.status === 200
  );
}
