import { isDeepStrictEqual } from 'node:util';
import { MangamotionError } from '../../errors.js';
import type { DestinationLock } from '../../lock/held-lock.js';
import { publish } from '../folder/folder-files.js';
import { copyPlain, problemOf } from '../plain/copy-plain.js';
import type { Summary } from '../summary.js';
import { decodeSummary } from '../summary-codec.js';
import type { ArchiveCopier } from './archive-copier.js';
import type { CopyContext } from './copy-context.js';
import type { CopyCounter } from './copy-counter.js';
import { isFolder } from './copy-plan.js';
import type { CopiedBackup } from './copy-report.js';
import { isEncryptedCopy } from './encrypting-copy.js';
import { differentBackup, sidecarOf } from './expected-file.js';

/** Copies one backup after the other; their parts are there already. */
export class BackupCopier {
  readonly #context: CopyContext;
  readonly #lock: DestinationLock;
  readonly #archives: ArchiveCopier;
  readonly #counter: CopyCounter;

  constructor(
    context: CopyContext,
    lock: DestinationLock,
    archives: ArchiveCopier,
    counter: CopyCounter,
  ) {
    this.#context = context;
    this.#lock = lock;
    this.#archives = archives;
    this.#counter = counter;
  }

  async copy(summary: Summary, row: CopiedBackup): Promise<void> {
    const bytes = await this.#summaryBytes(summary);
    if (this.#archives.encrypts(summary)) {
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
    await this.#archives.copy(summary, bytes, row);
    const sidecar = sidecarOf(summary);
    if (sidecar !== undefined) await this.#archives.copySidecar(sidecar);
    await this.#archives.copySignature(summary);
    await this.#lock.check();
    await this.#archives.target.commit(summary.id, bytes);
  }

  async #encrypt(summary: Summary): Promise<void> {
    const { id } = summary;
    const there = await this.#archives.target.readSummary(id);
    const decoded = there === undefined ? undefined : decodeSummary(there);
    const isCopy = decoded?.kind === 'valid' && isEncryptedCopy(decoded.summary, summary);
    if (there !== undefined && !isCopy) throw differentBackup(id);
    await this.#archives.encrypt(summary);
  }

  /** Reads the summary as it is stored: the copy is the same, byte for byte. */
  async #summaryBytes(summary: Summary): Promise<Buffer> {
    const bytes = await this.#archives.source.readSummary(summary.id);
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
    const there = await this.#archives.target.readSummary(id);
    if (there === undefined || there.equals(bytes)) return;
    throw differentBackup(id);
  }

  async #copyFolder(summary: Summary, bytes: Buffer): Promise<void> {
    const [from, to] = [this.#archives.source.folder, this.#archives.target.folder];
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
    await this.#archives.target.announce(summary.id, bytes);
    await publish(`${to}/${summary.id}`, to);
    await this.#archives.copySignature(summary);
    await this.#archives.target.commit(summary.id, bytes);
  }

  async problemOfFolder(summary: Summary): Promise<string | undefined> {
    const to = this.#archives.target.folder;
    if (to === undefined) return undefined;
    return await problemOf({ to, summary, signal: this.#context.signal });
  }
}
