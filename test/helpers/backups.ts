import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { backUpFull } from '../../src/backup/full.js';
import type { BackupOptions } from '../../src/backup/plan/backup-plan.js';
import { type IncrementalOptions, backUpIncremental } from '../../src/backup/incremental.js';
import { listContents } from '../../src/backup/contents.js';
import { verifyBackup } from '../../src/backup/verify/verify.js';
import type { VerifyResult } from '../../src/backup/verify/result.js';
import type { IndexLine } from '../../src/archive/index-line.js';
import type { ObjectStore } from '../../src/object-store/port.js';
import { withRetries, type RetryPolicy } from '../../src/object-store/retry/retry.js';
import type { Clock, Destination } from '../../src/repository/destination.js';
import { locateBackup, openDestination } from '../../src/repository/locate.js';
import type { LocatedBackup } from '../../src/repository/located-backup.js';
import type { Summary } from '../../src/repository/summary.js';
import type { RestorePlan, RestoreReport } from '../../src/restore/report.js';
import type { EncryptionMode } from '../../src/restore/attributes/attributes.js';
import { applyRestore } from '../../src/restore/apply-restore.js';
import { type RestoreOptions, planRestore } from '../../src/restore/plan-restore.js';
import type { RestoreSelection } from '../../src/restore/selection.js';
import { removeAtExit } from './child-processes.js';

/** The use cases in this process, for tests that have to get between them and the store. */

export const NO_PROGRESS = {
  start: () => undefined,
  phase: () => undefined,
  update: () => undefined,
  warn: () => undefined,
};

/** Retries as in the program, but at once. */
export function withQuickRetries(store: ObjectStore, policy: RetryPolicy = {}): ObjectStore {
  return withRetries(store, { baseDelayMs: 1, ...policy });
}

/** An empty folder, and how to remove it. */
export function temporaryFolder(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'mangamotion-test-'));
  return { folder, remove: removeAtExit(folder) };
}

const CLOCK: Clock = { now: () => new Date(), sleep: (ms) => sleep(ms) };

/** A clock that does not wait: who sleeps finds it later. */
export function hastyClock(from = new Date('2026-11-01T02:00:00Z')): Clock {
  let ms = from.getTime();
  return {
    now: () => new Date(ms),
    sleep: (more) => {
      ms += more;
      return Promise.resolve();
    },
  };
}

export interface BackUpOptions extends Partial<BackupOptions> {
  clock?: Clock;
  signal?: AbortSignal;
  destination?: Destination;
  warn?: (line: string) => void;
}

export async function backUp(
  store: ObjectStore,
  folder: string,
  buckets: readonly string[],
  options: BackUpOptions = {},
): Promise<Summary> {
  const {
    signal = new AbortController().signal,
    destination,
    warn,
    clock = CLOCK,
    ...rest
  } = options;
  return await backUpFull(
    {
      store,
      destination: destination ?? (await openDestination(folder)),
      clock,
      signal,
      progress: { ...NO_PROGRESS, warn: warn ?? NO_PROGRESS.warn },
      tool: 'test',
    },
    {
      selection: { only: buckets, excluded: [] },
      ignoreFreeSpace: false,
      waitLockMs: 0,
      ...rest,
    },
  );
}

/** An incremental backup, in this process. */
export async function backUpChanges(
  store: ObjectStore,
  folder: string,
  buckets: readonly string[],
  options: Partial<IncrementalOptions> & Pick<BackUpOptions, 'warn' | 'clock'> = {},
): Promise<Summary> {
  const { warn = () => undefined, clock = CLOCK, ...rest } = options;
  return await backUpIncremental(
    {
      store,
      destination: await openDestination(folder),
      clock,
      signal: new AbortController().signal,
      progress: { ...NO_PROGRESS, warn },
      tool: 'test',
    },
    {
      selection: { only: buckets, excluded: [] },
      ignoreFreeSpace: false,
      waitLockMs: 0,
      refreshMetadata: false,
      ...rest,
    },
  );
}

export async function verify(folder: string, id: string): Promise<VerifyResult> {
  const context = { signal: new AbortController().signal, progress: NO_PROGRESS };
  return await verifyBackup(context, await locateBackup(join(folder, id)), { quick: false });
}

/** The index of a backup, by key. */
export async function contents(folder: string, id: string): Promise<Map<string, IndexLine>> {
  const lines = new Map<string, IndexLine>();
  const located = await locateBackup(join(folder, id));
  for await (const line of listContents(located, { buckets: [], keys: [], prefixes: [] }))
    lines.set(line.key, line);
  return lines;
}

export interface RestoreRequest extends Partial<Omit<RestoreOptions, 'dryRun' | 'selection'>> {
  selection?: Partial<RestoreSelection>;
  encryption?: EncryptionMode;
  proof?: boolean;
  workers?: number;
  signal?: AbortSignal;
  warn?: (line: string) => void;
}

/** Plans a restore and carries it out, as with --yes. */
export async function restore(
  store: ObjectStore,
  located: LocatedBackup,
  request: RestoreRequest = {},
): Promise<RestoreReport> {
  const {
    selection,
    encryption = 'prefer',
    proof = true,
    workers,
    signal,
    warn,
    ...options
  } = request;
  const context = {
    ...{ store, workers, now: () => new Date(), signal: signal ?? new AbortController().signal },
    progress: { ...NO_PROGRESS, ...(warn === undefined ? {} : { warn }) },
  };
  const planned = await planRestore(context, located, {
    ...{
      scope: 'full',
      deleteExtra: false,
      onConflict: 'overwrite',
      confirms: false,
      dryRun: false,
    },
    ...options,
    selection: { buckets: [], keys: [], prefixes: [], renames: new Map(), ...selection },
  });
  try {
    return await applyRestore(context, planned, { consented: true, encryption, proof });
  } finally {
    await planned.close();
  }
}

/** What a restore of everything would do. */
export async function restorePlan(
  store: ObjectStore,
  located: LocatedBackup,
  signal = new AbortController().signal,
): Promise<RestorePlan> {
  const context = { store, now: () => new Date(), signal, progress: NO_PROGRESS };
  const planned = await planRestore(context, located, {
    ...{
      scope: 'full',
      deleteExtra: false,
      onConflict: 'overwrite',
      confirms: false,
      dryRun: true,
    },
    selection: { buckets: [], keys: [], prefixes: [], renames: new Map() },
  });
  await planned.close();
  return planned.plan;
}

/** Restores one bucket of a backup into another one. */
export async function restoreInto(
  store: ObjectStore,
  folder: string,
  id: string,
  { from, to }: { from: string; to: string },
  request: RestoreRequest = {},
): Promise<RestoreReport> {
  const selection = { ...request.selection, buckets: [from], renames: new Map([[from, to]]) };
  return await restore(store, await locateBackup(join(folder, id)), { ...request, selection });
}

/** The files in a folder, sorted. */
export async function filesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).sort();
}

/** What GNU tar lists; rejects where it finds anything wrong. */
export async function tarList(archive: string): Promise<string[]> {
  const args = ['--list', '--gzip', '--quoting-style=literal', '--file', archive];
  const { stdout } = await promisify(execFile)('tar', args, { maxBuffer: 64 * 1024 * 1024 });
  return stdout.split('\n').filter((name) => name !== '');
}
