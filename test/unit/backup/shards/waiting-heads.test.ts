import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BackupContext } from '../../../../src/backup/plan/backup-plan.js';
import { backUpSharded } from '../../../../src/backup/shards/back-up-sharded.js';
import { LocalEngine } from '../../../../src/backup/shards/local-engine.js';
import type { Clock, Destination } from '../../../../src/repository/destination.js';
import { NO_VAULT } from '../../../../src/repository/encryption/vault.js';
import { FolderDestination } from '../../../../src/repository/folder/folder-destination.js';
import type { Summary } from '../../../../src/repository/summary.js';
import { NO_PROGRESS, temporaryFolder } from '../../../helpers/backups.js';
import { RecordedStore, WorldClock } from '../../../helpers/recorded-store.js';
import { readBackup } from '../../../helpers/run-laws.js';

const OPTIONS = {
  selection: { only: [], excluded: [] },
  ignoreFreeSpace: true,
  guard: { acceptDeletions: true, acceptChanges: true, expectDeletions: new Map() },
};

let destination: Destination;
let store: RecordedStore;
let clock: WorldClock;
let remove: () => void;

beforeEach(async () => {
  const made = temporaryFolder();
  remove = made.remove;
  destination = await FolderDestination.open(made.folder, { vault: NO_VAULT });
  clock = new WorldClock();
  store = new RecordedStore(clock, () => 0);
  for (const bucket of ['alpha', 'beta']) {
    store.createBucket(bucket);
    for (const key of ['a', 'b', 'c']) store.put(bucket, key, `${bucket} ${key}`);
  }
});
afterEach(() => {
  remove();
});

function contextOf(warn: (line: string) => void): BackupContext {
  const now: Clock = {
    now: () => new Date(clock.nowMs()),
    sleep: (ms) => {
      clock.advance(ms);
      return Promise.resolve();
    },
  };
  const { signal } = new AbortController();
  const progress = { ...NO_PROGRESS, warn };
  return { store: store.connect(), destination, clock: now, signal, progress, tool: 'a test' };
}

interface Doing {
  run: string | undefined;
  mustExist?: boolean;
  warn?: (line: string) => void;
  /** Called while it holds the lock, before its workers begin. */
  gathering?: () => Promise<void>;
}

function head({ run, mustExist, warn = () => undefined, gathering }: Doing): Promise<Summary> {
  const options = { ...OPTIONS, waitLockMs: 60_000 };
  return backUpSharded(contextOf(warn), 'full', options, {
    ...{ run, shards: 2, mustExist },
    openEngine: async (context, plan) => {
      await gathering?.();
      return new LocalEngine(context, plan);
    },
  });
}

/**
 * Lets a head gather while a second one, which has read the plan of the same run, waits for the lock. The first
 * one ends its run, and then a bucket goes.
 */
async function endWhileAnotherWaits(
  run: string | undefined,
  mustExist?: boolean,
): Promise<{ first: Summary; second: Promise<Summary> }> {
  let second = Promise.reject<Summary>(new Error('the first head has not gathered'));
  second.catch(() => undefined);
  const first = await head({
    run,
    gathering: async () => {
      await new Promise<void>((isWaiting) => {
        const warn = (line: string): void => {
          if (line.startsWith('waiting for')) isWaiting();
        };
        second = head({ run, mustExist: mustExist ?? false, warn });
        second.catch(() => undefined);
      });
    },
  });
  // Nobody can have taken the lock yet: that takes several turns.
  store.deleteBucket('beta');
  return { first, second };
}

/** Resolves to what is wrong with the backups at the destination, by their ids. */
async function backups(): Promise<[string, unknown][]> {
  const found: [string, unknown][] = [];
  for (const backup of await destination.list()) {
    const read = await readBackup(destination, backup);
    found.push([backup.id, Array.isArray(read) ? read : read.lines.length]);
  }
  return found;
}

describe('a head that waits for the lock while another one ends its run', () => {
  it('does not go on with a named run, and takes nothing from its backup', async () => {
    const { first, second } = await endWhileAnotherWaits('night', true);
    await expect(second).rejects.toMatchObject({ code: 'not_found' });
    expect(await backups()).toEqual([[first.id, 6]]);
  });

  it('begins a run of its own where none is named', async () => {
    const { first, second } = await endWhileAnotherWaits(undefined);
    const { id } = await second;
    expect(id).not.toBe(first.id);
    expect(await backups()).toEqual([
      [first.id, 6],
      [id, 3],
    ]);
  });
});
