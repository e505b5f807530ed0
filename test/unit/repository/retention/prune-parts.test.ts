import { cp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BackupEntry, Destination } from '../../../../src/repository/destination.js';
import { FolderDestination } from '../../../../src/repository/folder/folder-destination.js';
import { partIdOf } from '../../../../src/repository/names.js';
import { removableLeftovers } from '../../../../src/repository/removable-leftovers.js';
import { findOrphans } from '../../../../src/repository/retention/orphans.js';
import { planRetention } from '../../../../src/repository/retention/retention.js';
import { prune } from '../../../../src/repository/retention/prune.js';
import { filesIn, temporaryFolder } from '../../../helpers/backups.js';
import {
  type MadeOfParts,
  makeOfParts,
  makePart,
  objectsOf,
} from '../../../helpers/backups-of-parts.js';
import { NOW as LATER, backupLists, policies, types } from '../arbitrary-backups.js';

const NOW = new Date('2024-03-01T12:00:00Z');
const at = (day: number): string => `2024-01-0${day}T02:00:00.000Z`;

let folder: string;
let removeFolder: () => void;
let destination: FolderDestination;

beforeEach(async () => {
  ({ folder, remove: removeFolder } = temporaryFolder());
  destination = await FolderDestination.open(folder);
});
afterEach(() => {
  removeFolder();
});

const shards = (name: string) => [objectsOf(`${name}-a`), objectsOf(`${name}-b`)];

async function full(day: number, more: { withPlan?: boolean } = {}): Promise<MadeOfParts> {
  return await makeOfParts(destination, {
    ...{ at: at(day), sequence: day, shards: shards(`day${day}`), ...more },
  });
}

async function pruned(last: number, dryRun = false, on: Destination = destination) {
  return await prune(on, { last }, { dryRun, now: NOW });
}

/** The ids of the parts that have any file. */
async function partsIn(place = folder): Promise<string[]> {
  const ids = (await filesIn(place)).map(partIdOf).filter((id) => id !== undefined);
  return [...new Set(ids)];
}

const idsOf = ({ parts }: MadeOfParts) => parts.map(({ id }) => id).sort();
const bytesOf = ({ parts }: MadeOfParts) =>
  parts.reduce((sum, { manifest }) => sum + manifest.archive_bytes, 0);

describe('prune', () => {
  it('removes the parts of a removed backup, and tells what that frees', async () => {
    const [old, kept] = [await full(1), await full(2)];
    const dry = await pruned(1, true);
    expect(await partsIn()).toEqual([...idsOf(old), ...idsOf(kept)].sort());
    const report = await pruned(1);
    expect(report).toEqual({ ...dry, dry_run: false });
    expect(report.removed.map(({ id }) => id)).toEqual([old.id]);
    const row = report.parts?.removed[0];
    expect(report.parts).toEqual({
      removed: [{ backup: old.id, parts: 2, bytes: expect.any(Number) as number }],
      kept: [],
    });
    // Those of the archives, and of the manifests.
    expect(row?.bytes).toBeGreaterThan(bytesOf(old));
    expect(report.freed_bytes).toBe(old.summary.archive_bytes + (row?.bytes ?? 0));
    expect(await partsIn()).toEqual(idsOf(kept));
    expect(await filesIn(folder)).toHaveLength(2 + 2 * 2);
    expect((await pruned(1)).parts).toBeUndefined();
  });

  it('keeps the parts that another backup needs, when their own is gone', async () => {
    const first = await full(1);
    const [kept, lost] = [first.parts[0]!, first.parts[1]!];
    const next = await makeOfParts(destination, {
      ...{ at: at(2), sequence: 2, type: 'incremental', parent: first.id },
      ...{ shards: [objectsOf('new')], earlier: [kept] },
    });
    const latest = await full(3);
    const report = await prune(destination, { last: 2 }, { dryRun: false, now: NOW });
    expect(report.removed.map(({ id }) => id)).toEqual([first.id]);
    expect(report.parts?.removed).toEqual([
      { backup: first.id, parts: 1, bytes: expect.any(Number) as number },
    ]);
    expect(await partsIn()).toEqual([kept.id, ...idsOf(next), ...idsOf(latest)].sort());
    expect(await partsIn()).not.toContain(lost.id);
    const entry = (await destination.list()).find(({ id }) => id === next.id);
    expect([...(entry?.partBytes?.values() ?? [])]).not.toContain(null);
  });

  it('removes duplicates of a run that has ended, and parts without plan and head', async () => {
    const made = await full(1, { withPlan: true });
    const twice = await makePart(destination, { at: at(1) }, objectsOf('day1-a'), 0);
    const lost = await makePart(destination, { at: at(2) }, objectsOf('lost'), 0);
    const report = await pruned(1);
    expect(report.removed).toEqual([]);
    expect(report.parts?.removed.map(({ backup, parts }) => [backup, parts])).toEqual([
      [made.id, 1],
      [lost.id.slice(0, lost.id.indexOf('.')), 1],
    ]);
    expect(await partsIn()).toEqual(idsOf(made));
    expect(await partsIn()).not.toContain(twice.id);
  });

  it('leaves the parts of a run that has not ended, of a copy under way, and of a lost summary', async () => {
    const running = await makeOfParts(destination, {
      ...{ at: at(1), shards: shards('running'), withoutHead: true, withPlan: true },
    });
    const copied = await full(2);
    await rename(join(folder, `${copied.id}.json`), join(folder, `${copied.id}.json.partial`));
    const bereft = await full(3);
    await rm(join(folder, `${bereft.id}.json`));
    await full(4);
    const before = await filesIn(folder);
    const report = await pruned(1);
    expect(report.parts?.removed).toEqual([]);
    expect(report.parts?.kept.map(({ backup, parts, why }) => [backup, parts, why])).toEqual([
      [running.id, 2, 'unfinished'],
      [copied.id, 2, 'unfinished'],
      [bereft.id, 2, 'no_summary'],
    ]);
    expect(await filesIn(folder)).toEqual(before);
  });

  it('removes no part while a summary cannot be read, which may need it', async () => {
    const [old, kept] = [await full(1), await full(3)];
    await writeFile(join(folder, 'minio_backup_incremental_20240102_020000.json'), '{');
    const before = await partsIn();
    await prune(destination, { days: 1 }, { dryRun: false, now: NOW });
    const twice = await makePart(destination, { at: at(3) }, objectsOf('day3-a'), 0);
    const report = await pruned(1);
    expect(report.parts).toMatchObject({
      removed: [],
      kept: [{ why: 'withheld', because: ['minio_backup_incremental_20240102_020000'] }],
    });
    expect(await partsIn()).toEqual([...before, twice.id].sort());
    expect(before).toEqual([...idsOf(old), ...idsOf(kept)].sort());
  });

  it('asks for summary and plan by their names: a listing may lack them', async () => {
    const made = await full(1);
    await full(2);
    const blind: Destination = Object.create(destination, {
      list: {
        value: async () => (await destination.list()).filter(({ id }) => id !== made.id),
      },
      files: {
        value: () => ({
          names: async () => {
            const names = new Map(await destination.files().names());
            names.delete(`${made.id}.json`);
            names.delete(`${made.id}.tar.gz`);
            return names;
          },
        }),
      },
      readFile: { value: destination.readFile.bind(destination) },
      remove: { value: destination.remove.bind(destination) },
    }) as Destination;
    const report = await pruned(1, false, blind);
    expect(report.parts?.kept).toMatchObject([{ backup: made.id, parts: 2, why: 'unproven' }]);
    expect(await partsIn()).toEqual(expect.arrayContaining(idsOf(made)));
  });

  it('of a run whose plan is still there removes that first: nothing goes on with it', async () => {
    const old = await full(1, { withPlan: true });
    const kept = await full(2);
    await pruned(1);
    expect(await filesIn(folder)).not.toContain(`${old.id}.plan.json`);
    expect(await partsIn()).toEqual(idsOf(kept));
  });

  it('killed at any moment leaves no backup that lacks a part, and the next one ends the work', async () => {
    const made = [await full(1, { withPlan: true }), await full(2), await full(3)];
    await makePart(destination, { at: at(3) }, objectsOf('day3-a'), 0);
    const lastFiles = await (async () => {
      const { folder: place, remove } = temporaryFolder();
      await cp(folder, place, { recursive: true });
      await pruned(1, false, await FolderDestination.open(place));
      const files = await filesIn(place);
      remove();
      return files;
    })();
    expect(lastFiles).toHaveLength(2 + 2 * 2);
    for (let change = 0; change < 8; change++) {
      const { folder: place, remove } = temporaryFolder();
      await cp(folder, place, { recursive: true });
      const real = await FolderDestination.open(place);
      let left = change;
      const orKilled =
        <Args extends unknown[]>(work: (...args: Args) => Promise<void>) =>
        async (...args: Args): Promise<void> => {
          if (left === 0) throw new Error('killed');
          left -= 1;
          await work(...args);
        };
      const killed = Object.create(real, {
        list: { value: real.list.bind(real) },
        files: { value: real.files.bind(real) },
        readFile: { value: real.readFile.bind(real) },
        remove: { value: orKilled(real.remove.bind(real)) },
        removeNote: { value: orKilled(real.removeNote.bind(real)) },
        mark: { value: orKilled(real.mark.bind(real)) },
      }) as Destination;
      await pruned(1, false, killed).catch(() => undefined);
      for (const { partBytes } of await real.list()) {
        expect([...(partBytes?.values() ?? [])]).not.toContain(null);
      }
      await pruned(1, false, real);
      expect(await filesIn(place)).toEqual(lastFiles);
      remove();
    }
    expect(made).toHaveLength(3);
  });

  it('that stopped within a removal is ended by the next, and no run goes on with it', async () => {
    const old = await full(1);
    const kept = await full(2);
    // As `remove` leaves it when the summary is gone and the archive is not.
    await rm(join(folder, `${old.id}.json`));
    await writeFile(join(folder, `${old.id}.json.partial`), 'this backup is being removed\n');
    await pruned(1);
    expect(await partsIn()).toEqual(idsOf(kept));
    for (const leftover of await removableLeftovers(destination, () => undefined)) {
      await leftover.remove();
    }
    expect(await filesIn(folder)).toHaveLength(2 + 2 * 2);
  });
});

describe('the leftovers of parts', () => {
  it('of a run that has not ended are left to it, and those of others are not needed', async () => {
    await makeOfParts(destination, {
      ...{ at: at(1), shards: [], withoutHead: true, withPlan: true },
    });
    const running = 'minio_backup_full_20240101_020000.part-00003-0f3a9c21';
    const other = 'minio_backup_full_20240102_020000.part-00003-0f3a9c21';
    for (const id of [running, other]) await writeFile(join(folder, `${id}.tar.gz.partial`), 'x');
    const made = await full(3);
    await writeFile(join(folder, `${idsOf(made)[0]}.json.partial`), 'x');
    const lines: string[] = [];
    const found = await removableLeftovers(destination, (line) => lines.push(line));
    expect(found.map(({ id }) => id)).toEqual([other, idsOf(made)[0]]);
    expect(lines).toEqual([]);
  });

  it('to which backups refer stay where the manifest is missing', async () => {
    const made = await full(1);
    const id = idsOf(made)[0] ?? '';
    await rename(join(folder, `${id}.json`), join(folder, `${id}.json.partial`));
    const lines: string[] = [];
    expect(await removableLeftovers(destination, (line) => lines.push(line))).toEqual([]);
    expect(lines.join()).toContain(`backups refer to ${id}`);
  });
});

describe('whatever the destination and the policy', () => {
  /** Gives each backup two parts of its own, and some of those of the backups that it refers to. */
  function withParts(backups: readonly BackupEntry[]): BackupEntry[] {
    return backups.map((entry) => {
      if (entry.summary.kind !== 'valid') return entry;
      const { summary } = entry.summary;
      if (summary.type === 'metadata') return entry;
      const isOfParts = (id: string) => !id.includes('metadata');
      const parts = [
        ...ownParts(entry.id),
        ...summary.references.filter(isOfParts).flatMap((id) => ownParts(id).slice(0, 1)),
      ];
      const records = parts.map((id) => ({
        ...{ id, archive_bytes: 100 },
        archive: { ...summary.archive, file: `${id}.tar.gz` },
      }));
      const references = [...summary.references.filter((id) => !isOfParts(id)), ...parts];
      return {
        ...entry,
        summary: { kind: 'valid', summary: { ...summary, references, parts: records } },
        partBytes: new Map(parts.map((id) => [id, 100])),
      };
    });
  }

  const ownParts = (id: string) => [`${id}.part-00000-00000000`, `${id}.part-00001-00000000`];

  it('every backup that stays keeps its parts, and no part stays that none names', () => {
    fc.assert(
      fc.property(backupLists, policies, types, (plain, policy, type) => {
        const backups = withParts(plain);
        const decisions = planRetention(backups, policy, { now: LATER, type });
        const removed = new Set(
          decisions.flatMap(({ id, kind }) => (kind === 'remove' ? [id] : [])),
        );
        const names = new Map<string, number | undefined>();
        for (const { id, partBytes } of backups) {
          names.set(`${id}.json`, undefined);
          for (const part of partBytes?.keys() ?? []) names.set(`${part}.tar.gz`, 100);
        }
        const orphans = findOrphans(names, backups, removed);
        const going = new Set(
          orphans
            .filter(({ why }) => why === undefined)
            .flatMap(({ parts }) => parts.map(({ id }) => id)),
        );
        const needed = new Set<string>();
        for (const { id, summary } of backups) {
          if (removed.has(id) || summary.kind !== 'valid') continue;
          for (const part of summary.summary.parts ?? []) needed.add(part.id);
        }
        expect([...going].filter((id) => needed.has(id))).toEqual([]);
        const isUnreadable = backups.some(({ summary }) => summary.kind !== 'valid');
        const all = [...names.keys()].map(partIdOf).filter((id) => id !== undefined);
        const staying = all.filter((id) => !going.has(id) && !needed.has(id));
        if (isUnreadable) expect(going.size).toBe(0);
        else expect(staying).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
