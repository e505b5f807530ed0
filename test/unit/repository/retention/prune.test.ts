import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Destination, BackupEntry } from '../../../../src/repository/destination.js';
import { FolderDestination } from '../../../../src/repository/folder/folder-destination.js';
import { type PruneReport, prune } from '../../../../src/repository/retention/prune.js';
import type { Suspended } from '../../../../src/repository/retention/retention.js';
import { filesIn, temporaryFolder } from '../../../helpers/backups.js';
import { type Made, idAt, writeBackup, writeListed } from '../../../helpers/summaries.js';
import { NOW as LATER, backupLists, policies, types } from '../arbitrary-backups.js';

const NOW = new Date('2024-03-01T12:00:00Z');

const on = (day: number, made: Partial<Made> = {}): Made => ({
  at: `2024-01-0${day}T02:00:00.000Z`,
  sequence: day,
  ...made,
});
const full = (day: number): string => idAt(on(day).at);
const incremental = (day: number): string => idAt(on(day).at, 'incremental');

const CHAIN = [
  on(1),
  on(2, { type: 'incremental', references: [full(1)] }),
  on(3, { type: 'incremental', references: [full(1), incremental(2)] }),
  on(4),
  on(5, { type: 'incremental', references: [full(4)] }),
];

let folder: string;
let removeFolder: () => void;
let destination: Destination;

beforeEach(async () => {
  ({ folder, remove: removeFolder } = temporaryFolder());
  destination = await FolderDestination.open(folder);
});
afterEach(() => {
  removeFolder();
});

async function write(...backups: Made[]): Promise<void> {
  for (const made of backups) await writeBackup(folder, made);
}

const options = { dryRun: false, now: NOW };

async function states(): Promise<[string, boolean][]> {
  return (await destination.list()).map(({ id, expired }) => [id, expired]);
}

describe('prune', () => {
  it('removes what is expired, marks what is still referred to, and reports it all', async () => {
    await write(...CHAIN.slice(0, 3), on(4, { archiveBytes: 7 }), on(5));
    const report = await pruned({ last: 1 }, { type: 'full' });
    expect(report).toEqual({
      dry_run: false,
      kept: [{ id: full(5), reasons: ['last 1', 'last complete full'] }],
      referenced: [{ id: full(1), by: [incremental(2), incremental(3)] }],
      withheld: [],
      retained: [],
      removed: [{ id: full(4), bytes: 7 }],
      freed_bytes: 7,
      suspended: [],
    });
    expect(await states()).toEqual([
      [full(1), true],
      [incremental(2), false],
      [incremental(3), false],
      [full(5), false],
    ]);
    expect(await filesIn(folder)).toHaveLength(4 * 2 + 1);
  });

  it('takes the mark away when another policy keeps the backup again', async () => {
    await write(...CHAIN);
    await pruned({ last: 1 }, { type: 'full' });
    expect((await states())[0]).toEqual([full(1), true]);
    await pruned({ last: 2 }, { type: 'full' });
    expect((await states())[0]).toEqual([full(1), false]);
  });

  it('removes an expired one, and its mark, with the last that referred to it', async () => {
    await write(...CHAIN);
    await pruned({ last: 1 }, { type: 'full' });
    const report = await pruned({ last: 1 });
    expect(report.removed.map(({ id }) => id)).toEqual([full(1), incremental(2), incremental(3)]);
    expect(await filesIn(folder)).toEqual(
      [
        `${full(4)}.json`,
        `${full(4)}.tar.gz`,
        `${incremental(5)}.json`,
        `${incremental(5)}.tar.gz`,
      ].sort(),
    );
  });

  it('leaves what is not a backup alone, and archives without a summary', async () => {
    await write(on(1), on(2));
    const uncommitted = await writeBackup(folder, on(3));
    await rm(join(folder, `${uncommitted}.json`));
    await writeFile(join(folder, 'notes.json'), '{}');
    await pruned({ last: 1 });
    expect(await filesIn(folder)).toEqual(
      [`${full(2)}.json`, `${full(2)}.tar.gz`, `${full(3)}.tar.gz`, 'notes.json'].sort(),
    );
  });

  it('is refused for a policy that keeps nothing', async () => {
    await write(...CHAIN);
    const before = await filesIn(folder);
    await expect(prune(destination, { last: 0 }, options)).rejects.toMatchObject({ code: 'usage' });
    expect(await filesIn(folder)).toEqual(before);
  });

  it('of a line whose newest backup is suspect takes suspects alone, and goes on elsewhere', async () => {
    const temp = { source: { buckets: ['temp'] } };
    const suspect = (day: number) => on(day, { type: 'incremental', status: 'suspect' });
    await write(...CHAIN, suspect(6), suspect(7), on(8, temp), on(9, temp));
    const report = await pruned({ last: 1 });
    expect(report.suspended).toEqual([{ line: '127.0.0.1:9000', by: incremental(7) }]);
    expect(report.removed.map(({ id }) => id)).toEqual([incremental(6), full(8)]);
  });

  it('after a suspect backup takes older suspects alone', async () => {
    const suspect = (day: number) => on(day, { status: 'suspect' });
    await write(on(1), on(2), suspect(3), suspect(4));
    const report = await pruned({ last: 1 }, { after: full(4), type: 'full' });
    expect(report.removed.map(({ id }) => id)).toEqual([full(3)]);
    expect(report.kept.map(({ id }) => id)).toEqual([full(1), full(2), full(4)]);
  });

  it('after a backup prunes its line alone, and nothing where it is not trusted', async () => {
    const temp = { source: { buckets: ['temp'] } };
    await write(on(1), on(2), on(3, temp), on(4, temp), on(5, { ...temp, status: 'partial' }));
    const untrusted = await pruned({ last: 1 }, { after: full(5) });
    expect(untrusted).toMatchObject({ kept: [], removed: [] });
    const report = await pruned({ last: 1 }, { after: full(4) });
    expect(report.removed.map(({ id }) => id)).toEqual([full(3)]);
    expect(report.kept.map(({ id }) => id)).toEqual([full(4), full(5)]);
  });

  it('leaves the marks of lines as they are meant', async () => {
    const temp = { source: { buckets: ['temp'] } };
    await write(on(1), on(2), on(3, temp), on(4, temp), on(5, { ...temp, type: 'incremental' }));
    const marked = async () =>
      (await destination.list()).flatMap(({ id, retired }) => (retired === true ? [id] : []));
    // A newer one has joined the first line; of the second, what is left still says that it ended.
    await destination.mark(full(1), 'retired', true);
    await destination.mark(incremental(5), 'retired', true);
    await pruned({ last: 2 }, { type: 'incremental' });
    expect(await marked()).toEqual([full(1), full(3), full(4)]);
    await pruned({ last: 2 }, { type: 'full' });
    expect(await marked()).toEqual([]);
    expect((await destination.list()).map(({ id }) => id)).toEqual([full(1), full(2)]);
  });

  it('removes nothing once it is interrupted', async () => {
    await write(on(1), on(2), on(3));
    const signal = AbortSignal.abort(new Error('interrupted'));
    await expect(prune(destination, { last: 1 }, { ...options, signal })).rejects.toThrow(
      'interrupted',
    );
    expect(await states()).toHaveLength(3);
  });
});

async function pruned(
  policy: Parameters<typeof prune>[1],
  more: Partial<Parameters<typeof prune>[2]> = {},
): Promise<PruneReport> {
  return await prune(destination, policy, { ...options, ...more });
}

/** The same destination, for a process that is killed before the change of that number. */
function killedAt(inner: Destination, change: number): Destination {
  let made = 0;
  const unlessKilled = async (work: () => Promise<void>): Promise<void> => {
    if (made === change) throw new Error('killed');
    made += 1;
    await work();
  };
  return {
    location: inner.location,
    list: () => inner.list(),
    read: (id) => inner.read(id),
    vault: inner.vault,
    files: () => inner.files(),
    readFile: (name, mostBytes) => inner.readFile(name, mostBytes),
    openArchive: (id) => inner.openArchive(id),
    openFile: (name) => inner.openFile(name),
    openIndex: (id, encrypted) => inner.openIndex(id, encrypted),
    freeBytes: () => inner.freeBytes(),
    claims: () => inner.claims(),
    readNote: (name, mostBytes) => inner.readNote(name, mostBytes),
    writeNote: (name, content) => inner.writeNote(name, content),
    leftovers: () => inner.leftovers(),
    begin: (type, clock) => inner.begin(type, clock),
    beginAs: () => Promise.reject(new Error('not expected')),
    removeNote: () => Promise.reject(new Error('not expected')),
    remove: (id) => unlessKilled(() => inner.remove(id)),
    mark: (id, mark, isSet) => unlessKilled(() => inner.mark(id, mark, isSet)),
  };
}

describe('whatever the destination and the policy', () => {
  // Real folders: as many as a test has the time for.
  const RUNS = { numRuns: 60 };
  const cases = [backupLists, policies, types] as const;

  async function inFolder(
    backups: readonly BackupEntry[],
    check: (destination: Destination) => Promise<void>,
  ): Promise<void> {
    const { folder: own, remove } = temporaryFolder();
    for (const backup of backups) await writeListed(own, backup);
    await check(await FolderDestination.open(own));
    remove();
  }

  it('a dry run changes nothing, and tells what is then done', async () => {
    await fc.assert(
      fc.asyncProperty(...cases, async (backups, policy, type) => {
        await inFolder(backups, async (real) => {
          const before = await real.list();
          const told = await prune(real, policy, { dryRun: true, now: LATER, type });
          expect(await real.list()).toEqual(before);
          const done = await prune(real, policy, { dryRun: false, now: LATER, type });
          expect(done).toEqual({ ...told, dry_run: false });
          const after = await real.list();
          const removed = done.removed.map(({ id }) => id);
          expect(new Set([...after.map(({ id }) => id), ...removed])).toEqual(
            new Set(before.map(({ id }) => id)),
          );
          expect(after).toHaveLength(before.length - removed.length);
          for (const { id } of done.referenced) {
            expect(after.find((backup) => backup.id === id)?.expired).toBe(true);
          }
        });
      }),
      RUNS,
    );
  });

  it('a kill at any moment breaks no backup, and the next prune ends the work', async () => {
    await fc.assert(
      fc.asyncProperty(...cases, fc.nat(12), async (backups, policy, type, change) => {
        await inFolder(backups, async (real) => {
          const asked = { now: LATER, type };
          const planned = await prune(real, policy, { ...asked, dryRun: true });
          const missing = brokenReferences(await real.list());
          await prune(killedAt(real, change), policy, { ...asked, dryRun: false }).catch(
            () => null,
          );

          const left = await real.list();
          expect(missing).toEqual(expect.arrayContaining(brokenReferences(left)));
          const ids = left.map(({ id }) => id);
          for (const { id } of [...planned.kept, ...planned.referenced, ...planned.withheld]) {
            expect(ids).toContain(id);
          }

          const next = await prune(real, policy, { ...asked, dryRun: false });
          const removed = new Set(planned.removed.map(({ id }) => id));
          const after = new Set((await real.list()).map(({ id }) => id));
          const staying = backups.map(({ id }) => id).filter((id) => !removed.has(id));
          if (isSuspendedAnew(next.suspended, planned.suspended)) {
            // What had closed a suspect is gone, so the suspect is open again and its line stays.
            expect([...after]).toEqual(expect.arrayContaining(staying));
          } else {
            expect(after).toEqual(new Set(staying));
          }
        });
      }),
      RUNS,
    );
  });
});

function isSuspendedAnew(now: readonly Suspended[], before: readonly Suspended[]): boolean {
  return now.some(({ by }) => !before.some((one) => one.by === by));
}

function brokenReferences(backups: readonly BackupEntry[]): string[] {
  const there = new Set(backups.map(({ id }) => id));
  return backups.flatMap(({ id, summary }) =>
    summary.kind === 'valid'
      ? summary.summary.references
          .filter((needed) => !there.has(needed))
          .map((needed) => `${id} ${needed}`)
      : [],
  );
}
