import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArchiveWriter } from '../../archive/archive-writer.js';
import type { PendingBackup, SealedArchive } from '../destination.js';
import { errnoOf, translateFileError } from '../../files/errors.js';
import { type ArchiveDraft, DRAFT_ADVICE } from '../archive-draft.js';
import { syncFolder } from '../../files/sync.js';
import type { Vault } from '../encryption/vault.js';
import { SIGNATURE_SUFFIX, SUMMARY_SUFFIX } from '../names.js';
import { signatureOf } from '../encryption/sign-summary.js';
import { PARTIAL_SUFFIX } from '../../files/sync.js';
import { type Summary, encodeSummary } from '../summary.js';

/** A backup that is being written to a folder, under temporary names. */
export class PendingFolderBackup implements PendingBackup {
  readonly id: string;
  readonly createdAt: Date;
  readonly writer: ArchiveWriter;
  readonly #folder: string;
  readonly #draft: ArchiveDraft;
  readonly #vault: Vault;
  /** The names in the folder that belong to this backup until the commit. */
  readonly #own = new Set<string>();

  constructor(folder: string, draft: ArchiveDraft, vault: Vault) {
    this.id = draft.id;
    this.createdAt = draft.createdAt;
    this.writer = draft.writer;
    this.#folder = folder;
    this.#draft = draft;
    this.#vault = vault;
    for (const name of this.#files) this.#own.add(name + PARTIAL_SUFFIX);
  }

  get recipients(): readonly string[] | undefined {
    return this.#draft.recipients;
  }

  get #files(): string[] {
    const { file, sidecar } = this.#draft;
    return sidecar === undefined ? [file] : [file, sidecar];
  }

  async seal(): Promise<SealedArchive> {
    const written = await this.#draft.end();
    return { file: this.#draft.file, ...written };
  }

  /**
   * Writes the summary under its temporary name before the archive gets its final one: an archive
   * without either was put there by a person, and is left alone. The signature is there before the
   * summary, so that no backup is ever seen without its own.
   */
  async commit(captured: Summary): Promise<Summary> {
    const summary = (await this.#draft.complete?.(captured)) ?? captured;
    await this.#draft.close();
    const text = encodeSummary(summary);
    const signature = await signatureOf(this.id, text, this.#vault, summary);
    const name = this.id + SUMMARY_SUFFIX;
    await this.#write(name, text);
    const signatureName = this.id + SIGNATURE_SUFFIX;
    if (signature !== undefined) await this.#write(signatureName, signature);
    for (const file of this.#files) await this.#publish(file);
    if (signature !== undefined) await this.#publish(signatureName);
    // A run that is killed between the two leaves no key of a backup that exists.
    await this.#draft.forget?.();
    await this.#publish(name);
    this.#own.clear();
    return summary;
  }

  /** Writes a small file under its temporary name. */
  async #write(name: string, text: string): Promise<void> {
    const partial = join(this.#folder, name + PARTIAL_SUFFIX);
    try {
      const file = await open(partial, 'wx', 0o600);
      this.#own.add(name + PARTIAL_SUFFIX);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await syncFolder(this.#folder);
    } catch (error) {
      throw translateFileError(error, 'write', partial, DRAFT_ADVICE);
    }
  }

  async endEarly(): Promise<{ path: string; objects: number } | undefined> {
    const name = this.#draft.file + PARTIAL_SUFFIX;
    const objects = await this.#draft.endEarly();
    // The next run could not know that it is ours, and would not take what it signs from it.
    const isUsable =
      this.recipients !== undefined || (await this.#vault.signingKey()) === undefined;
    if (objects === 0 || !isUsable) {
      await this.discard();
      return undefined;
    }
    await this.#draft.close();
    this.#own.delete(name);
    await this.#removeOwn();
    return { path: join(this.#folder, name), objects };
  }

  async discard(): Promise<void> {
    await this.#draft.close();
    await this.#removeOwn();
    await this.#draft.forget?.();
  }

  async #removeOwn(): Promise<void> {
    // The archive goes before the temporary summary, which marks it as ours. A summary that already
    // has its final name goes first: it would look damaged without its archive.
    const summary = this.id + SUMMARY_SUFFIX;
    const mark = summary + PARTIAL_SUFFIX;
    if (this.#own.has(summary)) await this.#remove(summary);
    for (const name of this.#own) if (name !== summary && name !== mark) await this.#remove(name);
    if (this.#own.has(mark)) await this.#remove(mark);
    this.#own.clear();
  }

  async #publish(name: string): Promise<void> {
    const path = join(this.#folder, name);
    try {
      await rename(path + PARTIAL_SUFFIX, path);
      this.#own.delete(name + PARTIAL_SUFFIX);
      this.#own.add(name);
      await syncFolder(this.#folder);
    } catch (error) {
      throw translateFileError(error, 'write', path, DRAFT_ADVICE);
    }
  }

  /**
   * Removes a folder under its temporary name, so that an interrupted removal leaves no archive.
   */
  async #remove(name: string): Promise<void> {
    const partial = name.endsWith(PARTIAL_SUFFIX) ? name : name + PARTIAL_SUFFIX;
    try {
      if (name !== partial) await rename(join(this.#folder, name), join(this.#folder, partial));
      await rm(join(this.#folder, partial), { recursive: true, force: true });
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return;
      throw translateFileError(error, 'remove', join(this.#folder, name));
    }
  }
}
