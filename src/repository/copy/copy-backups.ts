import { isDeepStrictEqual } from 'node:util';
import { LARGEST_SIGNATURE_BYTES } from '../../archive/limits.js';
import { countOf, formatCount } from '../../count-of.js';
import { type ErrorCode, MangamotionError, isMangamotionError } from '../../errors.js';
import type { DestinationLock } from '../../lock/held-lock.js';
import type { WorkProgress } from '../../progress.js';
import type { BackupFiles } from '../backup-files.js';
import type { BackupEntry, Destination } from '../destination.js';
import { encryptedOf } from '../archives.js';
import { type Mark, SIDECAR_SUFFIX, SIGNATURE_SUFFIX } from '../names.js';
import { copyPlain, problemOf } from '../plain/copy-plain.js';
import { withLock } from '../with-lock.js';
import { signatureOf } from '../encryption/sign-summary.js';
import type { Vault } from '../encryption/vault.js';
import { type EncryptedRecord, type Summary, decodeSummary, encodeSummary } from '../summary.js';
import { encryptArchive, isEncryptedCopy } from './encrypting-copy.js';
import { removableLeftovers } from '../leftover.js';
import { publish } from '../folder/folder-files.js';
import { type PlannedCopy, isFolder, planCopies } from './copy-plan.js';
import { type OrderConflict, orderConflict } from './line-order.js';
import { areOnOneServer, copyOnServer, whyStreamed } from './server-copy.js';
import { type ExpectedFile, readBack, streamArchive } from './stream-copy.js';

/**
 * How it is known that an archive at the target is the one of the source. `read`: this host has read
 * every byte and computed the SHA-256 in the summary. `server`: the server copied it, and the lengths
 * and the ETags, which are made of MD5s, are equal.
 */
type Proof = 'read' | 'server';

export interface CopiedBackup {
  id: string;
  /** `chosen`, or why it is copied too. */
  why: string;
  archive_bytes: number | null;
  /** `repaired`: only its archive was missing or wrong. `planned` and `present` may be of a dry run. */
  state: 'planned' | 'copied' | 'repaired' | 'present' | 'failed';
  /** How it came there in this run; `null` if it did not. */
  by: 'server' | 'stream' | null;
  /** `null` if nothing but summary and length was compared in this run. */
  proof: Proof | null;
  /** Why it failed. */
  reason: string | null;
  /** The code of the failure. */
  code: ErrorCode | null;
}

export interface CopyReport {
  source: string;
  target: string;
  dry_run: boolean;
  /** In the order in which they are copied. */
  backups: CopiedBackup[];
  /** Backups at the source that were not considered, and why. */
  left_out: { id: string; reason: string }[];
  copied: number;
  present: number;
  failed: number;
  /** The bytes of the archives that are to be copied, or were. */
  bytes: number;
  /** The bytes of archives that went through this host, read or written. */
  streamed_bytes: number;
  /** Why the server did not copy by itself, where it could have; `null` otherwise. */
  streamed_because: string | null;
}

/** What is chosen of the backups at the source, oldest first by sequence. */
export type Choose = (backups: readonly BackupEntry[]) => {
  ids: readonly string[];
  leftOut: readonly { id: string; reason: string }[];
};

export interface CopyContext {
  source: Destination;
  target: Destination;
  /** For whom backups in plain text are encrypted on the way, if it names recipients, and who signs them. */
  vault: Vault;
  signal: AbortSignal;
  progress: WorkProgress;
}

export interface CopyOptions {
  choose: Choose;
  dryRun: boolean;
  /** Read every archive at the target, also those that were there before. */
  verify: boolean;
  /** Send all bytes through this host, even if the server could copy by itself. */
  stream: boolean;
  waitLockMs: number;
}

/**
 * Copies backups with what they refer to, under the lock of the target. A failure that concerns one backup
 * is reported with it; the others are copied all the same, except those that refer to it.
 *
 * Rejects with `refused` if nothing can be copied as a whole: for lack of space, or because the sequence
 * numbers of the two destinations do not fit together.
 */
export async function copyBackups(context: CopyContext, options: CopyOptions): Promise<CopyReport> {
  context.progress.start('listing');
  const source = await context.source.list();
  const { ids, leftOut } = options.choose(source);
  const prepare = async (): Promise<{ planned: PlannedCopy[]; report: CopyReport }> => {
    const planned = await plan(context, ids, source);
    return { planned, report: emptyReport(context, options, planned, leftOut) };
  };
  if (options.dryRun) {
    const { planned, report } = await prepare();
    await checkRoom(context, planned).catch((error: unknown) => {
      if (!isMangamotionError(error, 'refused')) throw error;
      context.progress.warn(error.message);
    });
    return { ...report, ...countsOf(report.backups) };
  }
  const { target: destination, signal, progress } = context;
  const lockOptions = {
    ...{ destination, command: 'backup copy', waitMs: options.waitLockMs },
    ...{ signal, warn: (line: string) => progress.warn(line) },
  };
  return await withLock(lockOptions, async (lock, lockedSignal) => {
    const { planned, report } = await prepare();
    const locked = { ...context, signal: lockedSignal };
    await clearLeftovers(locked, planned);
    await checkRoom(locked, planned);
    const run = new CopyRun(locked, options, lock, report);
    await run.copyAll(planned);
    return { ...report, ...countsOf(report.backups) };
  });
}

async function plan(
  { source, target }: CopyContext,
  ids: readonly string[],
  atSource: readonly BackupEntry[],
): Promise<PlannedCopy[]> {
  const atTarget = await target.list();
  const files = target.files();
  const planned = planCopies(ids, {
    source: atSource,
    target: atTarget,
    targetNames: await files.names(),
    sourceNames: await source.files().names(),
    holdsFolders: files.folder !== undefined && source.files().folder !== undefined,
  });
  const copied = planned.filter(({ obstacle }) => obstacle === undefined);
  const conflict = orderConflict(
    copied.map(({ entry }) => entry),
    atTarget,
    new Set(atSource.map(({ id }) => id)),
  );
  if (conflict !== undefined) throw outOfOrder(conflict, target);
  return planned;
}

function outOfOrder({ line, copied, there }: OrderConflict, target: Destination): MangamotionError {
  return new MangamotionError(
    'refused',
    `the sequence numbers of ${copied} and of ${there} at ${target.location} contradict their times: ` +
      `in the line ${line} an old backup would pass for the newest`,
    {
      hint:
        'Backups of one line that were numbered at two destinations cannot be put in order. Copy into ' +
        'an empty folder or prefix.',
    },
  );
}

/** Removes what interrupted runs left at the target, except for what this run continues. */
async function clearLeftovers(
  { target, signal, progress }: CopyContext,
  planned: readonly PlannedCopy[],
): Promise<void> {
  const continued = new Set(planned.filter(({ task }) => task !== 'present').map(({ id }) => id));
  const removable = await removableLeftovers(target, (line) => progress.warn(line));
  for (const leftover of removable) {
    if (continued.has(leftover.id)) continue;
    signal.throwIfAborted();
    await leftover.remove();
    progress.warn(`removed ${leftover.path}, which an interrupted run left`);
  }
}

/** Rejects with `refused` if the target does not have the room. */
async function checkRoom({ target }: CopyContext, planned: readonly PlannedCopy[]): Promise<void> {
  const free = await target.freeBytes();
  if (free === null) return;
  const waiting = planned.filter(isToBeCopied);
  const left = (await target.leftovers()).filter(({ id }) => waiting.some((one) => one.id === id));
  const held = left.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const needed =
    waiting.reduce((sum, { summary }) => sum + (summary?.archive_bytes ?? 0), 0) - held;
  if (needed <= free) return;
  throw new MangamotionError(
    'refused',
    `${target.location} has ${countOf(free, 'byte')} free, but the backups to be copied have ${formatCount(needed)}`,
    { hint: 'Free some space, or copy fewer backups.' },
  );
}

function isToBeCopied({ task, obstacle }: PlannedCopy): boolean {
  return task !== 'present' && obstacle === undefined;
}

function emptyReport(
  { source, target }: CopyContext,
  { dryRun }: CopyOptions,
  planned: readonly PlannedCopy[],
  leftOut: CopyReport['left_out'] | readonly CopyReport['left_out'][number][],
): CopyReport {
  const backups = planned.map(({ id, why, summary, task, obstacle }): CopiedBackup => {
    const state = obstacle !== undefined ? 'failed' : task === 'present' ? 'present' : 'planned';
    return {
      ...{ id, why, archive_bytes: summary?.archive_bytes ?? null, state, by: null, proof: null },
      ...{ reason: obstacle?.reason ?? null, code: obstacle?.code ?? null },
    };
  });
  const bytes = planned
    .filter(isToBeCopied)
    .reduce((sum, { summary }) => sum + (summary?.archive_bytes ?? 0), 0);
  return {
    ...{ source: source.location, target: target.location, dry_run: dryRun, backups },
    ...{ left_out: [...leftOut], copied: 0, present: 0, failed: 0, bytes },
    ...{ streamed_bytes: 0, streamed_because: null },
  };
}

function countsOf(
  backups: readonly CopiedBackup[],
): Pick<CopyReport, 'copied' | 'present' | 'failed'> {
  const count = (...states: CopiedBackup['state'][]) =>
    backups.filter(({ state }) => states.includes(state)).length;
  return {
    copied: count('copied', 'repaired'),
    present: count('present'),
    failed: count('failed'),
  };
}

/** The marks that say something of a backup itself. Whether it has expired is decided at each place. */
const COPIED_MARKS = ['accepted', 'retired'] as const satisfies readonly Mark[];

/** Failures that concern one backup. Any other ends the run. */
const OF_ONE_BACKUP: readonly ErrorCode[] = ['damaged', 'refused', 'not_found'];

class CopyRun {
  readonly #context: CopyContext;
  readonly #options: CopyOptions;
  readonly #lock: DestinationLock;
  readonly #report: CopyReport;
  readonly #source: BackupFiles;
  readonly #target: BackupFiles;
  /** The records of the encrypted archives at the target. */
  readonly #records = new Map<string, EncryptedRecord>();
  #doneBytes = 0;

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
    this.#source = context.source.files();
    this.#target = context.target.files();
  }

  async copyAll(planned: readonly PlannedCopy[]): Promise<void> {
    const { progress, signal } = this.#context;
    progress.start('copying');
    progress.update({ bytes: 0, bytesTotal: this.#report.bytes });
    for (const { there } of planned) {
      if (there?.summary.kind === 'valid') this.#remember(there.summary.summary);
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
    this.#warnOfLocks(planned);
  }

  /** A summary tells of the lock at the source, and is copied byte for byte. */
  #warnOfLocks(planned: readonly PlannedCopy[]): void {
    const copied = planned.filter(({ summary }, at) => {
      const state = this.#report.backups[at]?.state;
      return summary?.lock !== undefined && (state === 'copied' || state === 'repaired');
    });
    if (copied.length === 0) return;
    const locked = countOf(copied.length, 'backup');
    this.#context.progress.warn(
      `the summaries of ${locked} tell of locks at the source: the copies are not locked`,
    );
  }

  async #copyOne(one: PlannedCopy, row: CopiedBackup): Promise<void> {
    const { summary } = one;
    if (summary === undefined) return;
    try {
      if (row.state === 'planned' || !(await this.#isWhole(storedSummary(one, summary), row))) {
        await this.#copy(summary, row);
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

  /** Whether what is at the target is right, as far as this run looks. */
  async #isWhole(summary: Summary, row: CopiedBackup): Promise<boolean> {
    const { vault, progress } = this.#context;
    if (vault.recipients.length > 0 && summary.encryption === undefined) {
      progress.warn(`${summary.id} is at the target in plain text, and stays so`);
    }
    if (!this.#options.verify) return true;
    row.proof = 'read';
    if (isFolder(summary)) {
      const problem = await this.#problemOfFolder(summary);
      if (problem === undefined) return true;
      throw new MangamotionError('damaged', `${summary.id} at the target is damaged: ${problem}`, {
        hint: 'Remove it there, and run the command again.',
      });
    }
    try {
      await this.#readTarget(summary);
      const sidecar = sidecarOf(summary);
      if (sidecar !== undefined) await this.#readTarget(sidecar);
      return true;
    } catch (error) {
      if (!isMangamotionError(error, 'damaged')) throw error;
      this.#context.progress.warn(`${error.message} at the target: it is copied again`);
      row.proof = null;
      return false;
    }
  }

  #remember({ id, encryption }: Summary): void {
    const record = encryption?.archives[id];
    if (record !== undefined) this.#records.set(id, record);
  }

  async #copy(summary: Summary, row: CopiedBackup): Promise<void> {
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
    await this.#copySignature(summary);
    await this.#lock.check();
    await this.#target.commit(summary.id, bytes);
  }

  /** A backup may have none, and nothing but a signer can tell whether it is right. */
  async #copySignature({ id }: Summary): Promise<void> {
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
        hint: 'Back up again without BACKUP_COMPRESSION=false, or copy it without recipients.',
      },
    );
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
      await this.#copySignature(summary);
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

  async #encrypt(summary: Summary): Promise<void> {
    const { signal, vault } = this.#context;
    const { id } = summary;
    const there = await this.#target.readSummary(id);
    const decoded = there === undefined ? undefined : decodeSummary(there);
    const isCopy = decoded?.kind === 'valid' && isEncryptedCopy(decoded.summary, summary);
    if (there !== undefined && !isCopy) throw differentBackup(id);
    const copy = await encryptArchive({
      ...{ source: this.#source, target: this.#target, summary, vault, signal },
      ...{ records: this.#records, onBytes: (count) => this.#streamed(count) },
    });
    const text = encodeSummary(copy.summary);
    const bytes = Buffer.from(text);
    const signature = await signatureOf(id, text, vault, copy.summary);
    await this.#lock.check();
    await this.#target.announce(id, bytes);
    for (const file of copy.files) await file.publish();
    if (this.#options.verify) await this.#readTarget(copy.summary);
    if (signature !== undefined) await this.#target.sign(id, Buffer.from(signature));
    await this.#lock.check();
    await this.#target.commit(id, bytes);
    this.#remember(copy.summary);
  }

  /** Copies the index of an encrypted backup, which is small. */
  async #copySidecar(sidecar: ExpectedFile): Promise<void> {
    const onBytes = (count: number) => void (this.#report.streamed_bytes += count);
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
      onBytes: (count) => this.#streamed(count),
      onAdopted: (count) => this.#advance(count),
      onLeft: (isContinued) => {
        if (isContinued) progress.warn(`what was copied of ${summary.id} stays for the next run`);
      },
    });
    await this.#lock.check();
    await this.#target.announce(summary.id, bytes);
    await incoming.publish();
    if (!this.#options.verify) return;
    await this.#readTarget(summary).catch((error: unknown) => this.#takeAway(summary, error));
  }

  /** Resolves to whether the server has copied the archive, and proved or read it is. */
  async #copyOnServer(summary: Summary, bytes: Buffer, row: CopiedBackup): Promise<boolean> {
    const [source, target] = [this.#source.place, this.#target.place];
    if (source === undefined || target === undefined || !areOnOneServer(source, target))
      return false;
    if (this.#options.stream || this.#report.streamed_because !== null) return false;
    const { signal } = this.#context;
    const doneBefore = this.#doneBytes;
    const name = summary.archive.file;
    await this.#lock.check();
    await this.#target.announce(summary.id, bytes);
    try {
      const { isProven } = await copyOnServer({
        ...{ source, target, name, sizeBytes: summary.archive_bytes, signal },
        onBytes: (count) => this.#advance(count),
      });
      Object.assign(row, { by: 'server', proof: 'server' });
      if (isProven && !this.#options.verify) return true;
      await this.#readTarget(summary);
      row.proof = 'read';
      return true;
    } catch (error) {
      const why = whyStreamed(error);
      if (why === undefined) return await this.#takeAway(summary, error);
      this.#report.streamed_because = why;
      this.#doneBytes = doneBefore;
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
    await copyPlain({ from, to, summary, signal, onBytes: (count) => this.#streamed(count) });
    await this.#lock.check();
    await this.#target.announce(summary.id, bytes);
    await publish(`${to}/${summary.id}`, to);
    await this.#copySignature(summary);
    await this.#target.commit(summary.id, bytes);
  }

  async #problemOfFolder(summary: Summary): Promise<string | undefined> {
    const to = this.#target.folder;
    if (to === undefined) return undefined;
    return await problemOf({ to, summary, signal: this.#context.signal });
  }

  async #readTarget(summary: ExpectedFile): Promise<void> {
    const { signal, progress } = this.#context;
    progress.phase('reading the copy');
    const onBytes = (count: number) => void (this.#report.streamed_bytes += count);
    await readBack(this.#target, summary, { signal, onBytes });
    progress.phase();
  }

  async #copyMarks({ id, entry, there }: PlannedCopy): Promise<void> {
    const missing = COPIED_MARKS.filter((mark) => entry[mark] === true && there?.[mark] !== true);
    for (const mark of missing) await this.#context.target.mark(id, mark, true);
  }

  #streamed(count: number): void {
    this.#report.streamed_bytes += count;
    this.#advance(count);
  }

  #advance(count: number): void {
    this.#doneBytes += count;
    this.#context.progress.update({ bytes: this.#doneBytes });
  }
}

/** Returns the summary at the target: that of an encrypted copy is another one. */
function storedSummary({ there }: PlannedCopy, summary: Summary): Summary {
  return there?.summary.kind === 'valid' ? there.summary.summary : summary;
}

function differentBackup(id: string): MangamotionError {
  return new MangamotionError(
    'refused',
    `the target has a different backup named ${id}, which stays as it is`,
  );
}

/** Returns the length, name and digest of the sidecar; `undefined` if the backup is not encrypted. */
function sidecarOf(summary: Summary): ExpectedFile | undefined {
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
