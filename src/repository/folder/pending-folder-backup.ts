import { lstat, open, rename, rm, writeFile } from 'node:fs/promises';
import { MangamotionError } from '../../errors.js';
import { join } from 'node:path';
import type { ArchiveWriter } from '../../archive/archive-writer.js';
import type { PendingBackup, SealedArchive } from '../destination.js';
import { errnoOf, lstatIfThere, translateFileError } from '../../files/errors.js';
import { type ArchiveDraft, DRAFT_ADVICE } from '../archive-draft.js';
import { syncFolder } from '../../files/sync.js';
import type { Vault } from '../encryption/vault.js';
import { SIGNATURE_SUFFIX, SUMMARY_SUFFIX } from '../names.js';
import { ownPartsOf } from '../parts.js';
import { signatureOf } from '../encryption/sign-summary.js';
import { PARTIAL_SUFFIX } from '../../files/sync.js';
import { ABANDONED_TEXT } from '../removal-mark.js';
import type { Summary } from '../summary.js';
import { encodeSummary } from '../summary-codec.js';

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
  /** The files themselves, by their final names: another head of the run may use the same names. */
  readonly #inodes = new Map<string, number>();

  private constructor(folder: string, draft: ArchiveDraft, vault: Vault) {
    this.id = draft.id;
    this.createdAt = draft.createdAt;
    this.writer = draft.writer;
    this.#folder = folder;
    this.#draft = draft;
    this.#vault = vault;
    for (const name of this.#files) this.#own.add(name + PARTIAL_SUFFIX);
  }

  /** Begins a backup whose draft was just created. */
  static async begin(
    folder: string,
    draft: ArchiveDraft,
    vault: Vault,
  ): Promise<PendingFolderBackup> {
    const pending = new PendingFolderBackup(folder, draft, vault);
    for (const name of pending.#files) {
      const found = await lstat(join(folder, name + PARTIAL_SUFFIX)).catch(() => undefined);
      if (found === undefined) {
        await draft.close();
        await draft.forget?.();
        throw pending.#takenOver(join(folder, name));
      }
      pending.#inodes.set(name, found.ino);
    }
    return pending;
  }

  /** Whether a file of the folder belongs to this backup. */
  isOwn(name: string): boolean {
    return this.#own.has(name);
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
  async commit(captured: Summary, check?: () => Promise<void>): Promise<Summary> {
    const summary = (await this.#draft.complete?.(captured)) ?? captured;
    await this.#draft.close();
    const text = encodeSummary(summary);
    const signature = await signatureOf(this.id, text, this.#vault, summary);
    const name = this.id + SUMMARY_SUFFIX;
    await this.#write(name, text);
    const signatureName = this.id + SIGNATURE_SUFFIX;
    if (signature !== undefined) await this.#write(signatureName, signature);
    await check?.();
    for (const file of this.#files) await this.#publish(file);
    if (signature !== undefined) await this.#publish(signatureName);
    // A run that is killed between the two leaves no key of a backup that exists.
    await this.#draft.forget?.();
    await this.#publish(name);
    await this.#checkFiles(summary);
    this.#own.clear();
    return summary;
  }

  /**
   * Rejects with `locked` if a run that took this one for dead has removed its archive just before the summary
   * got its name, and removes the summary.
   */
  async #checkFiles(summary: Summary): Promise<void> {
    const parts = ownPartsOf(summary).map(({ archive }) => archive.file);
    for (const file of [...this.#files, ...parts]) {
      const path = join(this.#folder, file);
      const found = await lstatIfThere(path);
      const isOurs = parts.includes(file) || found?.ino === this.#inodes.get(file);
      if (found !== undefined && isOurs) continue;
      await this.#remove(this.id + SUMMARY_SUFFIX);
      throw this.#takenOver(path);
    }
  }

  /** Writes a small file under its temporary name. */
  async #write(name: string, text: string): Promise<void> {
    const partial = join(this.#folder, name + PARTIAL_SUFFIX);
    try {
      const file = await open(partial, 'wx', 0o600);
      this.#own.add(name + PARTIAL_SUFFIX);
      try {
        this.#inodes.set(name, (await file.stat()).ino);
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
    // First: of a file that is gone, nobody would remove the key.
    await this.#draft.forget?.();
    await this.#removeOwn();
  }

  async abandon(): Promise<void> {
    await this.#draft.close();
    await this.#draft.forget?.();
    await this.#markPublished();
    this.#own.clear();
  }

  /**
   * Puts the temporary summary back beside files of ours that have got their final names. Whoever took over
   * removed it while they had others, and without it nobody would know whose they are.
   */
  async #markPublished(): Promise<void> {
    const own = await Promise.all(this.#files.map((file) => this.#isOwnFile(file)));
    if (!own.includes(true)) return;
    const mark = join(this.#folder, this.id + SUMMARY_SUFFIX + PARTIAL_SUFFIX);
    try {
      // Another head of the run may just be writing its own.
      await writeFile(mark, ABANDONED_TEXT, { flag: 'wx', mode: 0o600 });
      await syncFolder(this.#folder);
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') return;
      throw translateFileError(error, 'write', mark, DRAFT_ADVICE);
    }
  }

  async #removeOwn(): Promise<void> {
    // The archive goes before the temporary summary, which marks it as ours. A summary that already
    // has its final name goes first: it would look damaged without its archive.
    const summary = this.id + SUMMARY_SUFFIX;
    const mark = summary + PARTIAL_SUFFIX;
    for (const name of this.#inodes.keys()) {
      // Another head that lost the lock may have taken its temporary name away.
      if (this.#own.has(name + PARTIAL_SUFFIX) && (await this.#isOwnFile(name)))
        this.#own.add(name);
    }
    if (this.#own.has(summary)) await this.#remove(summary);
    for (const name of this.#own) if (name !== summary && name !== mark) await this.#remove(name);
    if (this.#own.has(mark)) await this.#remove(mark);
    this.#own.clear();
  }

  async #publish(name: string): Promise<void> {
    const path = join(this.#folder, name);
    try {
      if (!(await this.#isOwnFile(name, PARTIAL_SUFFIX))) throw this.#takenOver(path);
      await rename(path + PARTIAL_SUFFIX, path);
      this.#own.delete(name + PARTIAL_SUFFIX);
      this.#own.add(name);
      await syncFolder(this.#folder);
    } catch (error) {
      throw translateFileError(error, 'write', path, DRAFT_ADVICE);
    }
  }

  /** Whether a file of ours, and not one of another head of the run, has this name. */
  async #isOwnFile(name: string, suffix = ''): Promise<boolean> {
    const found = await lstat(join(this.#folder, name + suffix)).catch(() => undefined);
    return found !== undefined && found.ino === this.#inodes.get(name);
  }

  #takenOver(path: string): MangamotionError {
    return new MangamotionError(
      'locked',
      `${path + PARTIAL_SUFFIX} is gone: another run has taken over`,
      {
        hint: 'Look for the other run, and begin again when it has ended.',
      },
    );
  }

  /**
   * Removes a folder under its temporary name, so that an interrupted removal leaves no archive.
   */
  async #remove(name: string): Promise<void> {
    const isPartial = name.endsWith(PARTIAL_SUFFIX);
    const partial = isPartial ? name : name + PARTIAL_SUFFIX;
    const final = isPartial ? name.slice(0, -PARTIAL_SUFFIX.length) : name;
    try {
      if (!(await this.#isOwnFile(final, isPartial ? PARTIAL_SUFFIX : ''))) return;
      if (name !== partial) await rename(join(this.#folder, name), join(this.#folder, partial));
      await rm(join(this.#folder, partial), { recursive: true, force: true });
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return;
      throw translateFileError(error, 'remove', join(this.#folder, name));
    }
  }
}
