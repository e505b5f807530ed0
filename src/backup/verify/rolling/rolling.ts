import { type MangamotionError, isMangamotionError } from '../../../errors.js';
import type { BackupEntry, Destination } from '../../../repository/destination.js';
import {
  type Coverage,
  DAMAGED,
  READINGS_FILE,
  type Readings,
  coverageOf,
  encodeReadings,
  readAtMs,
  runsOf,
} from '../../../repository/readings.js';
import { type VerifyProblem, type VerifyResult, addProblem } from '../result.js';
import type { VerifyContext } from '../verify.js';
import { isRemoved, listToVerify } from './listed-backups.js';
import { readSigned } from '../../../repository/signed-backup.js';
import { SharedRecords } from '../../../repository/encryption/shared-records.js';
import { inParallel } from '../../../in-parallel.js';
import { type OpenArchive, bytesOf, openWhole } from './open-archive.js';
import { type Unit, contradictions, partUnitsOf, unitOf } from './units.js';
import { type Candidate, type Pace, oldestOf, paceOf } from './pace.js';

/** The answer of `backup verify --within`. */
export interface RollingResult extends Coverage {
  destination: string;
  checked_at: string;
  within_seconds: number;
  status: VerifyResult['status'];
  /** The parts that this run read, and the bytes and intact objects in them. */
  read: { parts: number; bytes: number; objects: number };
  archives: number;
  /** The number of backups that one of the signers signed. Absent without signers. */
  signed?: number;
  /** Overdue bytes are expected as long as the first round through the destination is not over. */
  first_round: boolean;
  /** Archives that cannot be read for a reason that is no damage. */
  skipped: { id: string; reason: string }[];
  problems: VerifyProblem[];
  problems_omitted: number;
}

export interface RollingOptions {
  withinMs: number;
  now: () => Date;
}

/** The record is written this often, so that an interrupted run loses little. */
const SAVE_EVERY_MS = 60_000;

/** Signatures that are checked at once, each with its summary in memory. */
const CHECKED_AT_ONCE = 4;

/**
 * Reads a share of all archives of a destination, the longest unread parts first, so that runs at
 * regular times read every byte within the period. Rejects if the destination cannot be read or the
 * record cannot be written, with `not_found` if there are no backups, with `refused` if its listing
 * cannot be trusted, and never because of damage. The record then stays as it was.
 */
export async function verifyRolling(
  context: VerifyContext,
  destination: Destination,
  options: RollingOptions,
): Promise<RollingResult> {
  return await new RollingCheck(context, destination, options).run();
}

class RollingCheck {
  readonly #context: VerifyContext;
  readonly #destination: Destination;
  readonly #options: RollingOptions;
  readonly #startedAt: Date;
  readonly #result: RollingResult;
  #open: OpenArchive | undefined;
  /** The parts that this run has read, as `ID/NUMBER`. */
  readonly #done = new Set<string>();
  #savedAtMs = performance.now();

  constructor(context: VerifyContext, destination: Destination, options: RollingOptions) {
    this.#context = context;
    this.#destination = destination;
    this.#options = options;
    this.#startedAt = options.now();
    this.#result = {
      destination: destination.location,
      checked_at: this.#startedAt.toISOString(),
      within_seconds: options.withinMs / 1000,
      status: 'ok',
      read: { parts: 0, bytes: 0, objects: 0 },
      archives: 0,
      ...{ total_bytes: 0, read_bytes: 0, oldest_read_at: null },
      ...{ overdue_bytes: 0, damaged_bytes: 0 },
      first_round: true,
      skipped: [],
      problems: [],
      problems_omitted: 0,
    };
  }

  async run(): Promise<RollingResult> {
    const { progress } = this.#context;
    progress.start('listing');
    const { backups: listed, earlier } = await listToVerify(this.#destination);
    const backups = await this.#checkSignatures(listed);
    const readable = backups.flatMap((backup) => this.#unitOf(backup));
    for (const { id, part, by } of contradictions(backups)) {
      this.#problem(id, 'summary', `its record of the part ${part} is not that of ${by}`);
    }
    const usable = [...readable, ...partUnitsOf(backups)].filter((unit) => this.#isUsable(unit));
    const totalBytes = usable.reduce((sum, { archiveBytes }) => sum + (archiveBytes ?? 0), 0);
    const { withinMs } = this.#options;
    const pace = paceOf({ totalBytes, withinMs, now: this.#startedAt }, earlier);
    const readings: Readings = {
      begun_at: earlier?.begun_at ?? this.#startedAt.toISOString(),
      ended_at: this.#startedAt.toISOString(),
      allowance: pace.allowance,
      archives: new Map(
        usable.flatMap(({ id }) => {
          const record = earlier?.archives.get(id);
          return record === undefined ? [] : [[id, record]];
        }),
      ),
    };
    progress.start('verifying a part');
    try {
      await this.#readParts(usable, readings, pace);
    } catch (error) {
      // An interruption must not lose the record of the parts that were read before it.
      await this.#save(readings).catch(() => undefined);
      throw error;
    } finally {
      await this.#open?.archive.close();
    }
    await this.#save(readings);
    this.#conclude(backups, readings);
    return this.#result;
  }

  /** Resolves to the backups with the summaries that were signed. Reports those that are not signed. */
  async #checkSignatures(backups: readonly BackupEntry[]): Promise<readonly BackupEntry[]> {
    const { signers } = this.#destination.vault;
    if (signers.length === 0) return backups;
    const checked = await inParallel(CHECKED_AT_ONCE, backups, async (backup) => {
      this.#context.signal.throwIfAborted();
      try {
        return await readSigned(this.#destination, backup, signers);
      } catch (error) {
        // A backup that was pruned meanwhile is not checked.
        if (!isMangamotionError(error, 'not_found')) throw error;
        return undefined;
      }
    });
    this.#result.signed = 0;
    const records = new SharedRecords();
    return backups.map((backup, at) => {
      const signed = checked[at];
      if (signed === undefined) return backup;
      if ('fault' in signed) {
        this.#problem(backup.id, signed.fault, signed.message);
        return backup;
      }
      this.#result.signed = (this.#result.signed ?? 0) + 1;
      return { ...signed.backup, summary: records.in(signed.backup.summary) };
    });
  }

  /** Returns the archive of a backup; reports a backup whose summary cannot be read. */
  #unitOf(backup: BackupEntry): Unit[] {
    const { id, summary } = backup;
    if (summary.kind === 'valid') return [unitOf(backup, summary.summary)];
    this.#result.archives += 1;
    if (summary.kind === 'newer') {
      this.#result.skipped.push({ id, reason: 'a newer version of mangamotion wrote it' });
    } else this.#problem(id, 'summary', summary.reason);
    return [];
  }

  /** Reports an archive that cannot be read at all. */
  #isUsable({ id, archiveBytes, isCold, stored }: Unit): boolean {
    this.#result.archives += 1;
    if (isCold) {
      this.#result.skipped.push({ id, reason: 'its archive is in cold storage' });
    } else if (archiveBytes === null) {
      this.#problem(id, 'archive_missing', `${stored.archive.file} is missing`);
    } else return true;
    return false;
  }

  async #readParts(
    units: readonly Unit[],
    readings: Readings,
    { dueMs, dueBytes }: Pace,
  ): Promise<void> {
    const { signal, progress } = this.#context;
    await this.#readDamaged(units, readings);
    const left = new Map(units.map((unit) => [unit.id, unit]));
    progress.update({ bytesTotal: Math.max(0, Math.floor(readings.allowance)) });
    const mostBytes = Math.max(0, readings.allowance) + dueBytes;
    for (;;) {
      signal.throwIfAborted();
      const candidates = [...left.values()].map(({ id, writtenMs }) => ({
        ...{ id, writtenMs, readings: readings.archives.get(id) },
      }));
      const next = oldestOf(candidates, this.#startedAt.getTime());
      const unit = left.get(next?.id ?? '');
      if (next === undefined || unit === undefined) return;
      const isDue = next.sinceMs < dueMs && this.#result.read.bytes < mostBytes;
      if (readings.allowance <= 0 && !isDue) return;
      const opened = await this.#opened(unit, readings);
      const at = opened === undefined ? undefined : this.#oldestPart(opened, next);
      if (opened === undefined || at === undefined) left.delete(unit.id);
      else await this.#readPart(opened, at, readings);
    }
  }

  /** Damage is reported by every run until it is mended, whatever the allowance is. */
  async #readDamaged(units: readonly Unit[], readings: Readings): Promise<void> {
    for (const unit of units) {
      const record = readings.archives.get(unit.id);
      if (record?.runs.some(({ read_at }) => read_at === DAMAGED) !== true) continue;
      const opened = await this.#opened(unit, readings);
      if (opened === undefined) continue;
      // If it was damaged as a whole and is mended by now, nothing of it was read yet.
      this.#record(opened, readings);
      const damaged = [...opened.times.keys()].filter((at) => opened.times[at] === DAMAGED);
      for (const at of damaged) await this.#readPart(opened, at, readings);
    }
  }

  /** Returns the part that has been unread for the longest time; `undefined` if this run read all. */
  #oldestPart(
    { id, times }: OpenArchive,
    { writtenMs }: Pick<Candidate, 'writtenMs'>,
  ): number | undefined {
    let oldest: { at: number; sinceMs: number } | undefined;
    for (const [at, time] of times.entries()) {
      if (this.#done.has(`${id}/${at}`)) continue;
      const sinceMs = readAtMs(time, this.#startedAt.getTime()) ?? writtenMs;
      if (oldest === undefined || sinceMs < oldest.sinceMs) oldest = { at, sinceMs };
    }
    return oldest?.at;
  }

  async #readPart(opened: OpenArchive, at: number, readings: Readings): Promise<void> {
    const part = opened.parts[at];
    if (part === undefined) return;
    const { signal, progress, workers } = this.#context;
    const { read } = this.#result;
    const { bytes: bytesBefore, objects: objectsBefore } = read;
    const found = { problems: 0 };
    const checked = await opened.archive.auditPart(opened.directory, part, {
      problem: ({ kind, message, ...name }) => {
        found.problems += 1;
        this.#problem(opened.id, kind, message, name);
      },
      progress: ({ objects, bytes }) =>
        progress.update({ objects: objectsBefore + objects, bytes: bytesBefore + bytes }),
      signal,
      workers,
    });
    read.parts += 1;
    read.bytes += bytesOf(part);
    read.objects += checked.objects;
    progress.update({ objects: read.objects, bytes: read.bytes });
    readings.allowance -= bytesOf(part);
    this.#done.add(`${opened.id}/${at}`);
    opened.times[at] = found.problems === 0 ? this.#startedAt.toISOString() : DAMAGED;
    this.#record(opened, readings);
    if (performance.now() - this.#savedAtMs > SAVE_EVERY_MS) await this.#save(readings);
  }

  #record({ id, sha256: directory, parts, times }: OpenArchive, readings: Readings): void {
    const read = parts.map((part, at) => ({ bytes: bytesOf(part), read_at: times[at] ?? null }));
    readings.archives.set(id, { directory, runs: runsOf(read) });
  }

  /** Records that no part of an archive can be read: all of it counts as damaged. */
  #damaged({ id, archiveBytes, stored }: Unit, readings: Readings): void {
    const directory = stored.archive.directory.sha256;
    const runs = [{ parts: 1, bytes: archiveBytes ?? 0, read_at: DAMAGED }];
    readings.archives.set(id, { directory, runs });
  }

  /** Opens one archive at a time. Resolves to `undefined` if it is damaged, which is reported. */
  async #opened(unit: Unit, readings: Readings): Promise<OpenArchive | undefined> {
    const { id, neededBy } = unit;
    if (this.#open?.id === id) return this.#open;
    await this.#open?.archive.close();
    this.#open = undefined;
    try {
      this.#open = await openWhole(this.#destination, unit, readings, (kind, message) =>
        this.#problem(id, kind, message),
      );
      if (this.#open === undefined) this.#damaged(unit, readings);
      return this.#open;
    } catch (error) {
      if (isMangamotionError(error, 'not_found')) {
        await this.#reportUnlessRemoved({ id, neededBy }, error);
        return undefined;
      }
      // An error that carries a request comes from the store, which denies access.
      if (isMangamotionError(error, 'access_denied') && error.request === undefined) {
        const { skipped } = this.#result;
        if (skipped.every((one) => one.id !== id)) skipped.push({ id, reason: error.message });
        return undefined;
      }
      if (!isMangamotionError(error, 'damaged')) throw error;
      this.#problem(id, 'directory', error.message);
      this.#damaged(unit, readings);
      return undefined;
    }
  }

  /** A backup that was pruned meanwhile is not missing. */
  async #reportUnlessRemoved(
    { id, neededBy }: Pick<Unit, 'id' | 'neededBy'>,
    error: MangamotionError,
  ): Promise<void> {
    if (await isRemoved(this.#destination, neededBy)) return;
    this.#problem(id, 'archive_missing', error.message);
  }

  async #save(readings: Readings): Promise<void> {
    this.#savedAtMs = performance.now();
    await this.#destination.writeNote(READINGS_FILE, encodeReadings(readings));
  }

  #problem(
    id: string,
    kind: string,
    message: string,
    name: Pick<VerifyProblem, 'bucket' | 'key'> = {},
  ): void {
    addProblem(this.#result, kind, message, { id, ...name });
  }

  #conclude(backups: readonly BackupEntry[], readings: Readings): void {
    const { withinMs, now } = this.#options;
    const at = now();
    Object.assign(this.#result, coverageOf(backups, readings, { now: at, withinMs }));
    this.#result.first_round = at.getTime() - Date.parse(readings.begun_at) < withinMs;
  }
}
