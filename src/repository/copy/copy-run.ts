import { LARGEST_SIGNATURE_BYTES } from '../../archive/limits.js';
import { countOf } from '../../count-of.js';
import { type ErrorCode, MangamotionError, isMangamotionError } from '../../errors.js';
import { inParallel } from '../../in-parallel.js';
import type { DestinationLock } from '../../lock/held-lock.js';
import type { Destination } from '../destination.js';
import { type Mark, SIGNATURE_SUFFIX } from '../names.js';
import type { Summary } from '../summary.js';
import { ArchiveCopier } from './archive-copier.js';
import { BackupCopier } from './backup-copier.js';
import type { CopyContext, CopyOptions } from './copy-context.js';
import { CopyCounter } from './copy-counter.js';
import { type PlannedCopy, isFolder } from './copy-plan.js';
import type { CopiedBackup, CopyReport } from './copy-report.js';
import { isEncryptedCopy } from './encrypting-copy.js';
import { sidecarOf } from './expected-file.js';
import { KnownArchives } from './known-archives.js';
import { PartCopier } from './part-copier.js';

/** The marks that say something of a backup itself. Whether it has expired is decided at each place. */
const COPIED_MARKS = ['accepted', 'retired'] as const satisfies readonly Mark[];

const LOCKS_READ_AT_ONCE = 8;

/** Failures that concern one backup. Any other ends the run. */
const OF_ONE_BACKUP: readonly ErrorCode[] = ['damaged', 'refused', 'not_found'];

/** Carries out a plan, backup by backup, and says in the report what became of each. */
export class CopyRun {
  readonly #context: CopyContext;
  readonly #options: CopyOptions;
  readonly #lock: DestinationLock;
  readonly #report: CopyReport;
  readonly #known = new KnownArchives();
  readonly #archives: ArchiveCopier;
  readonly #parts: PartCopier;
  readonly #backups: BackupCopier;

  constructor(
    context: CopyContext,
    options: CopyOptions,
    lock: DestinationLock,
    report: CopyReport,
  ) {
    this.#context = context;
    this.#options = options;
    this.#lock = lock;
    this.#report = report;
    const counter = new CopyCounter(report, context.progress);
    this.#archives = new ArchiveCopier(context, options, lock, { counter, known: this.#known });
    this.#parts = new PartCopier(context, options, lock, this.#archives);
    this.#backups = new BackupCopier(context, lock, this.#archives, counter);
  }

  async copyAll(planned: readonly PlannedCopy[]): Promise<void> {
    const { progress, signal } = this.#context;
    progress.start('copying');
    progress.update({ bytes: 0, bytesTotal: this.#report.bytes });
    for (const { there } of planned) {
      if (there?.summary.kind === 'valid') this.#known.rememberAll(there.summary.summary);
    }
    const failed = new Set<string>();
    for (const [index, one] of planned.entries()) {
      const row = this.#report.backups[index];
      if (row === undefined) continue;
      signal.throwIfAborted();
      const lacking = one.summary?.references.find((id) => failed.has(id));
      if (lacking !== undefined && row.state === 'planned') {
        Object.assign(row, {
          state: 'failed',
          code: 'partial',
          reason: `it needs ${lacking}, which was not copied`,
        });
      }
      if (row.state !== 'failed') await this.#copyOne(one, row);
      if (row.state === 'failed') failed.add(one.id);
    }
    await this.#warnOfLocks(planned);
  }

  /** A summary tells of the lock at the source, and is copied byte for byte. */
  async #warnOfLocks(planned: readonly PlannedCopy[]): Promise<void> {
    const copied = planned.filter(({ summary }, at) => {
      const state = this.#report.backups[at]?.state;
      return summary?.lock !== undefined && (state === 'copied' || state === 'repaired');
    });
    if (copied.length === 0) return;
    const { progress, signal, target } = this.#context;
    const ids = copied.map(({ id }) => id);
    const locks = await readCopiedLocks(target, ids).catch((error: unknown) => {
      signal.throwIfAborted();
      if (!isMangamotionError(error) || error.code === 'internal') throw error;
      return undefined;
    });
    const locked = countOf(copied.length, 'backup');
    progress.warn(`the summaries of ${locked} tell of locks at the source: ${aboutCopies(locks)}`);
  }

  async #copyOne(one: PlannedCopy, row: CopiedBackup): Promise<void> {
    const { summary } = one;
    if (summary === undefined) return;
    try {
      const stored = storedSummary(one, summary);
      await this.#copyParts(one, summary, stored);
      const isRight =
        row.state !== 'planned' &&
        this.#known.hasSameParts(stored) &&
        (await this.#isWhole(stored, row));
      if (!isRight) {
        await this.#backups.copy(summary, row);
        row.state = one.task === 'copy' ? 'copied' : 'repaired';
      } else if (await this.#completeSignature(one, summary)) row.state = 'repaired';
      await this.#copyMarks(one);
    } catch (error) {
      this.#context.signal.throwIfAborted();
      if (!isMangamotionError(error, ...OF_ONE_BACKUP)) throw error;
      // The only one: the whole error says more than a row does.
      if (this.#report.backups.length === 1) throw error;
      Object.assign(row, { state: 'failed', code: error.code, reason: error.message });
      this.#context.progress.warn(`${one.id} was not copied: ${error.message}`);
    }
  }

  /** Copies the parts that a backup needs before the backup itself. */
  async #copyParts(one: PlannedCopy, summary: Summary, stored: Summary): Promise<void> {
    const isPresent = one.task === 'present';
    if (isPresent && !this.#options.verify) return;
    // A part that a backup before was to bring may have failed there.
    const planned = new Map(one.parts.map((part) => [part.record.id, part]));
    const parts = (summary.parts ?? []).flatMap((record) => {
      if (this.#parts.has(record.id)) return [];
      return [planned.get(record.id) ?? { record, isThere: false }];
    });
    if (parts.length === 0) return;
    if (!isPresent && one.there === undefined) await this.#parts.announce(one.id);
    for (const part of parts) {
      this.#context.signal.throwIfAborted();
      await this.#parts.copy(part, summary, stored);
    }
  }

  /** Whether what is at the target is right, as far as this run looks. */
  async #isWhole(summary: Summary, row: CopiedBackup): Promise<boolean> {
    const { vault, progress } = this.#context;
    if (vault.recipients.length > 0 && summary.encryption === undefined) {
      progress.warn(`${summary.id} is at the target in plain text, and stays so`);
    }
    if (!this.#options.verify) return true;
    row.proof = 'read';
    if (isFolder(summary)) {
      const problem = await this.#backups.problemOfFolder(summary);
      if (problem === undefined) return true;
      throw new MangamotionError('damaged', `${summary.id} at the target is damaged: ${problem}`, {
        hint: 'Remove it there, and run the command again.',
      });
    }
    try {
      await this.#archives.readTarget(summary);
      const sidecar = sidecarOf(summary);
      if (sidecar !== undefined) await this.#archives.readTarget(sidecar);
      return true;
    } catch (error) {
      if (!isMangamotionError(error, 'damaged')) throw error;
      this.#context.progress.warn(`${error.message} at the target: it is copied again`);
      row.proof = null;
      return false;
    }
  }

  /**
   * Copies the signature of a backup that lacks it at the target. Resolves to whether it did. With
   * --verify it rejects with `refused` if another one is there: nothing but a signer can tell which is right.
   */
  async #completeSignature(one: PlannedCopy, summary: Summary): Promise<boolean> {
    const { signed } = one;
    // An encrypted copy has another summary, of which the source has no signature.
    if (!signed.source || isEncryptedCopy(storedSummary(one, summary), summary)) return false;
    if (!signed.target) {
      await this.#lock.check();
      await this.#archives.copySignature(summary);
      return true;
    }
    if (!this.#options.verify) return false;
    const name = summary.id + SIGNATURE_SUFFIX;
    const { source, target } = this.#context;
    const signature = await source.readFile(name, LARGEST_SIGNATURE_BYTES);
    const there = await target.readFile(name, LARGEST_SIGNATURE_BYTES);
    if (signature instanceof Buffer && there instanceof Buffer && signature.equals(there))
      return false;
    throw new MangamotionError(
      'refused',
      `the target has a different ${name}, which stays as it is`,
      {
        hint: 'Check both with "mangamotion backup verify --signer", and remove the wrong one.',
      },
    );
  }

  async #copyMarks({ id, entry, there }: PlannedCopy): Promise<void> {
    const missing = COPIED_MARKS.filter((mark) => entry[mark] === true && there?.[mark] !== true);
    for (const mark of missing) await this.#context.target.mark(id, mark, true);
  }
}

/** How many files of copies the server holds locked, though no copy locks them. */
interface CopiedLocks {
  files: number;
  locked: number;
}

/**
 * Asks the server for the locks of the copies: Ceph takes over the lock of an object that it copies whole.
 * Resolves to `undefined` if it does not tell, or not these keys.
 */
async function readCopiedLocks(
  { locks }: Pick<Destination, 'locks'>,
  ids: readonly string[],
): Promise<CopiedLocks | undefined> {
  const areEnabled = await locks?.areEnabled();
  if (locks === undefined || areEnabled === false) return { files: 0, locked: 0 };
  if (areEnabled === undefined) return undefined;
  const found = await inParallel(LOCKS_READ_AT_ONCE, ids, (id) => locks.locksOf(id));
  const files = found.flat();
  const nowMs = Date.now() + (locks.clockAheadMs() ?? 0);
  const held = files.filter(({ retention }) => Date.parse(retention?.until ?? '') > nowMs);
  return { files: files.length, locked: held.length };
}

function aboutCopies(locks: CopiedLocks | undefined): string {
  if (locks === undefined) return 'this run has not locked the copies';
  const { files, locked } = locks;
  if (locked === 0) return 'the copies are not locked';
  const held = `the server holds ${countOf(locked, 'file')} of the copies locked`;
  if (locked === files) return held;
  return `${held}, and ${countOf(files - locked, 'file is', 'files are')} not locked`;
}

/** Returns the summary at the target: that of an encrypted copy is another one. */
function storedSummary({ there }: PlannedCopy, summary: Summary): Summary {
  return there?.summary.kind === 'valid' ? there.summary.summary : summary;
}
