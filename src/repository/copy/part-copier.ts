import { isDeepStrictEqual } from 'node:util';
import { MangamotionError } from '../../errors.js';
import type { DestinationLock } from '../../lock/held-lock.js';
import { encryptedOf } from '../archives.js';
import { SIDECAR_SUFFIX } from '../names.js';
import { partRecordsOf } from '../parts.js';
import type { PartRecord, Summary } from '../summary.js';
import { decodeSummary } from '../summary-codec.js';
import type { ArchiveCopier } from './archive-copier.js';
import type { CopyContext, CopyOptions } from './copy-context.js';
import type { PlannedPart } from './copy-plan.js';
import { differentBackup, sidecarOf } from './expected-file.js';

/** Copies the parts that backups need, each once. */
export class PartCopier {
  readonly #context: CopyContext;
  readonly #options: CopyOptions;
  readonly #lock: DestinationLock;
  readonly #archives: ArchiveCopier;
  /** The files of the target when the first part was looked for: this run copies the others. */
  #names: Promise<ReadonlyMap<string, number | undefined>> | undefined;
  /** Those that this run has copied, or found to be right. */
  readonly #checked = new Set<string>();

  constructor(
    context: CopyContext,
    options: CopyOptions,
    lock: DestinationLock,
    archives: ArchiveCopier,
  ) {
    this.#context = context;
    this.#options = options;
    this.#lock = lock;
    this.#archives = archives;
  }

  /** Whether this run needs to do nothing more about the part with this id. */
  has(id: string): boolean {
    return this.#checked.has(id);
  }

  /**
   * Puts a temporary summary there, before the first part: without it the parts would look as if nobody
   * needed them.
   */
  async announce(id: string): Promise<void> {
    await this.#lock.check();
    await this.#archives.target.announce(id, Buffer.from(COPIED_TEXT));
  }

  /** Copies a part that a backup needs. `stored`: the summary of the backup at the target, if it is there. */
  async copy(part: PlannedPart, summary: Summary, stored: Summary): Promise<void> {
    const { record } = part;
    const manifest = await this.#manifestOf(record);
    if (this.#archives.encrypts(summary)) await this.#encrypt(part, summary, manifest);
    else await this.#copyAsIs(part, stored, manifest);
    this.#checked.add(record.id);
  }

  /** Resolves to the manifest of a part at the source, if it is there and tells of the same archive. */
  async #manifestOf(record: PartRecord): Promise<{ bytes: Buffer; summary: Summary } | undefined> {
    const bytes = await this.#archives.source.readSummary(record.id);
    if (bytes === undefined) return undefined;
    const decoded = decodeSummary(bytes);
    if (decoded.kind === 'valid') {
      const { id, archive_bytes, archive } = decoded.summary;
      if (isDeepStrictEqual({ id, archive_bytes, archive }, record)) {
        return { bytes, summary: decoded.summary };
      }
    }
    const { progress } = this.#context;
    progress.warn(`${record.id}.json is not copied: it does not tell of the part that is needed`);
    return undefined;
  }

  async #copyAsIs(
    { record, isThere }: PlannedPart,
    stored: Summary,
    manifest: { bytes: Buffer } | undefined,
  ): Promise<void> {
    const { id } = record;
    const there = await this.#archives.target.readSummary(id);
    const sidecar = sidecarOf({ id, encryption: stored.encryption });
    const isSame = there !== undefined && manifest?.bytes.equals(there) === true;
    if (there !== undefined && manifest !== undefined && !isSame) {
      // What the backup at the target names is right, if it has its digest.
      const own = partRecordsOf(stored).get(id);
      if (own === undefined || isDeepStrictEqual(own, record)) throw differentBackup(id);
    }
    const file = partRecordsOf(stored).get(id) ?? record;
    const isProven = isSame && !this.#options.verify;
    const isWhole = isThere && (isProven || (await this.#archives.isIntact(file, sidecar)));
    const isEncrypted = !isDeepStrictEqual(file, record);
    if (isWhole && (isSame || manifest === undefined || isEncrypted)) return;
    if (isEncrypted) {
      throw new MangamotionError(
        'damaged',
        `the part ${id} at the target is an encrypted copy, and is damaged`,
        { hint: 'Copy with --recipient again: the backup and its parts are then made anew there.' },
      );
    }
    if (!isWhole) {
      await this.#archives.copy(record, manifest?.bytes, { by: null, proof: null });
      if (sidecar !== undefined) await this.#archives.copySidecar(sidecar);
    } else if (manifest !== undefined) await this.#archives.target.announce(id, manifest.bytes);
    if (manifest === undefined) return;
    await this.#archives.copySignature({ id });
    await this.#lock.check();
    await this.#archives.target.commit(id, manifest.bytes);
  }

  /** A part that an interrupted copy has encrypted is not encrypted again: its manifest tells of it. */
  async #encrypt(
    { record, isThere }: PlannedPart,
    summary: Summary,
    manifest: { summary: Summary } | undefined,
  ): Promise<void> {
    const { id } = record;
    const bytes = isThere ? await this.#archives.target.readSummary(id) : undefined;
    const decoded = bytes === undefined ? undefined : decodeSummary(bytes);
    const there =
      decoded?.kind === 'valid' && decoded.summary.id === id ? decoded.summary : undefined;
    const known = there && encryptedOf(there, id)?.record;
    const named = this.#archives.known.records.get(id);
    const isCopy =
      there !== undefined &&
      known !== undefined &&
      (named === undefined || isDeepStrictEqual(named, known)) &&
      isDeepStrictEqual(there.archive.directory, record.archive.directory);
    if (isCopy && (await this.#isThere(there, known.index.bytes))) {
      this.#archives.known.remember(there);
      this.#archives.known.rememberPart(there);
      return;
    }
    // Ranges are made of keys, and only a run that goes on needs them.
    const own: Summary = { ...(manifest?.summary ?? summary), ...record, references: [] };
    delete own.parts;
    delete own.shard;
    delete own.redis;
    this.#archives.known.rememberPart(await this.#archives.encrypt(own));
  }

  /** Whether the files of an encrypted part have their lengths, and their digests if that is asked. */
  async #isThere(own: Summary, indexBytes: number): Promise<boolean> {
    const sidecar = sidecarOf(own);
    if (this.#options.verify) return await this.#archives.isIntact(own, sidecar);
    const names = await this.#targetNames();
    return (
      names.get(own.archive.file) === own.archive_bytes &&
      names.get(own.id + SIDECAR_SUFFIX) === indexBytes
    );
  }

  #targetNames(): Promise<ReadonlyMap<string, number | undefined>> {
    return (this.#names ??= this.#archives.target.names());
  }
}

/** The content of the temporary summary of a backup of which parts are being copied. */
const COPIED_TEXT = 'this backup is being copied; its parts come first\n';
