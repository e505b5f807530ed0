import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyBackup } from '../../../../src/backup/verify/verify.js';
import { copyBackups } from '../../../../src/repository/copy/copy-backups.js';
import type { CopyReport } from '../../../../src/repository/copy/copy-report.js';
import { NO_VAULT, type Vault } from '../../../../src/repository/encryption/vault.js';
import { FolderDestination } from '../../../../src/repository/folder/folder-destination.js';
import { prune } from '../../../../src/repository/retention/prune.js';
import { storedBytesOf } from '../../../../src/repository/parts.js';
import { NO_PROGRESS, filesIn, temporaryFolder } from '../../../helpers/backups.js';
import { type MadeOfParts, makeOfParts, objectsOf } from '../../../helpers/backups-of-parts.js';
import { newVault } from '../../../helpers/vaults.js';

/** Copies of backups of parts, from one folder to another. */

const AT = '2024-01-01T02:00:00.000Z';
const NEXT = '2024-01-02T02:00:00.000Z';

let from: ReturnType<typeof temporaryFolder>;
let to: ReturnType<typeof temporaryFolder>;
let source: FolderDestination;
let target: FolderDestination;
let full: MadeOfParts;
let next: MadeOfParts;

beforeEach(async () => {
  from = temporaryFolder();
  to = temporaryFolder();
  source = await FolderDestination.open(from.folder);
  target = await FolderDestination.open(to.folder);
  full = await makeOfParts(source, { at: AT, shards: [objectsOf('a'), objectsOf('b')] });
  next = await makeOfParts(source, {
    ...{ at: NEXT, sequence: 2, type: 'incremental', parent: full.id },
    ...{ shards: [objectsOf('c')], earlier: full.parts.slice(0, 1) },
  });
});
afterEach(() => {
  from.remove();
  to.remove();
});

interface Copying {
  ids?: readonly string[];
  vault?: Vault;
  verify?: boolean;
  dryRun?: boolean;
  signal?: AbortSignal;
  warn?: (line: string) => void;
}

async function copy({
  ids,
  vault = NO_VAULT,
  warn,
  ...options
}: Copying = {}): Promise<CopyReport> {
  const { verify = false, dryRun = false, signal = new AbortController().signal } = options;
  const progress = { ...NO_PROGRESS, ...(warn === undefined ? {} : { warn }) };
  return await copyBackups(
    { source, target, vault, signal, progress },
    {
      choose: (backups) => ({ ids: ids ?? backups.map(({ id }) => id), leftOut: [] }),
      ...{ dryRun, verify, stream: false, waitLockMs: 0 },
    },
  );
}

async function verifyAt(destination: FolderDestination, id: string) {
  const context = { signal: new AbortController().signal, progress: NO_PROGRESS };
  const backup = await destination.read(id);
  return await verifyBackup(context, { destination, backup }, { quick: false });
}

const namesOf = async (folder: string) =>
  (await filesIn(folder)).filter((name) => !name.startsWith('.'));
const stateOf = ({ backups }: CopyReport) => backups.map(({ id, state }) => [id, state]);
const needed = () => [...full.parts, ...next.parts];

describe('a copy of backups of parts', () => {
  it('has every part before its head, with sizes that count them, and is not made twice', async () => {
    const dry = await copy({ dryRun: true });
    const bytes = storedBytesOf(full.summary) + storedBytesOf(next.summary);
    expect(dry.bytes).toBe(bytes);
    const report = await copy();
    expect(report).toMatchObject({ bytes, copied: 2, failed: 0 });
    expect(report.backups.map(({ archive_bytes }) => archive_bytes)).toEqual([
      storedBytesOf(full.summary),
      storedBytesOf(next.summary),
    ]);
    expect(await namesOf(to.folder)).toEqual(await namesOf(from.folder));
    for (const { id } of [full, next]) {
      expect(await verifyAt(target, id)).toMatchObject({ status: 'ok', problems: [] });
    }
    const again = await copy();
    expect(again).toMatchObject({ present: 2, copied: 0, bytes: 0, streamed_bytes: 0 });
    expect(await copy({ verify: true })).toMatchObject({ present: 2, failed: 0 });
  });

  it('of an incremental brings the parts of the backup that it refers to, and no more', async () => {
    await source.remove(full.id);
    const report = await copy({ ids: [next.id] });
    expect(stateOf(report)).toEqual([[next.id, 'copied']]);
    const heads = (await target.list()).map(({ id }) => id);
    expect(heads).toEqual([next.id]);
    expect(await verifyAt(target, next.id)).toMatchObject({ status: 'ok', objects: 6 });
    expect(await namesOf(to.folder)).not.toContain(`${full.parts[1]!.id}.tar.gz`);
  });

  it('that was interrupted is continued, and a prune between leaves what was copied', async () => {
    const controller = new AbortController();
    let pieces = 0;
    const updating = {
      ...NO_PROGRESS,
      update: () => (pieces++ === 2 ? controller.abort() : undefined),
    };
    const context = { source, target, vault: NO_VAULT, progress: updating };
    await copyBackups(
      { ...context, signal: controller.signal },
      {
        choose: (backups) => ({ ids: backups.map(({ id }) => id), leftOut: [] }),
        ...{ dryRun: false, verify: false, stream: false, waitLockMs: 0 },
      },
    ).catch(() => undefined);
    const there = (await namesOf(to.folder)).filter((name) => name.endsWith('.tar.gz'));
    expect(there.length).toBeGreaterThan(0);
    expect(there.length).toBeLessThan(5);
    expect(await target.list()).toEqual([]);
    const pruned = await prune(target, { last: 1 }, { dryRun: false, now: new Date() });
    expect(pruned.parts?.removed).toEqual([]);
    expect(pruned.parts?.kept[0]).toMatchObject({ backup: full.id, why: 'unfinished' });
    const planned = await copy({ dryRun: true });
    expect(planned.bytes).toBeLessThan(storedBytesOf(full.summary) + storedBytesOf(next.summary));
    const report = await copy();
    expect(report).toMatchObject({ copied: 2, failed: 0 });
    expect(report.streamed_bytes).toBeLessThanOrEqual(planned.bytes + 4000);
    expect(await namesOf(to.folder)).toEqual(await namesOf(from.folder));
  });

  it('lacks a part: it is repaired', async () => {
    await copy();
    await rm(join(to.folder, full.parts[0]!.record.archive.file));
    const report = await copy();
    expect(stateOf(report)).toEqual([
      [full.id, 'repaired'],
      [next.id, 'repaired'],
    ]);
    expect(await verifyAt(target, full.id)).toMatchObject({ status: 'ok' });
  });

  it('has a part that is damaged: --verify finds and mends it', async () => {
    await copy();
    const path = join(to.folder, full.parts[1]!.record.archive.file);
    const bytes = await readFile(path);
    bytes[30] = (bytes[30] ?? 0) ^ 1;
    await writeFile(path, bytes);
    expect(stateOf(await copy())).toEqual([
      [full.id, 'present'],
      [next.id, 'present'],
    ]);
    await copy({ verify: true });
    expect(await readFile(path)).toEqual(
      await readFile(join(from.folder, full.parts[1]!.record.archive.file)),
    );
  });

  it.each([
    ['is missing', (path: string) => rm(path)],
    ['is another one', (path: string) => writeFile(path, 'x'.repeat(1000))],
  ])('is not made where a part at the source %s', async (_, spoil) => {
    await spoil(join(from.folder, full.parts[0]!.record.archive.file));
    const report = await copy();
    expect(report.backups.map(({ state, code }) => [state, code])).toEqual([
      ['failed', 'damaged'],
      ['failed', 'damaged'],
    ]);
    expect(await target.list()).toEqual([]);
  });

  it('where the target has another file of the name of a part does not overwrite a manifest', async () => {
    const { id } = full.parts[0]!;
    const other = JSON.stringify({ made: 'by somebody else' });
    await writeFile(join(to.folder, `${id}.json`), other);
    const report = await copy();
    expect(report.backups[0]).toMatchObject({ state: 'failed', code: 'refused' });
    expect(await readFile(join(to.folder, `${id}.json`), 'utf8')).toBe(other);
  });
});

describe('a copy that is encrypted on the way', () => {
  let vault: Awaited<ReturnType<typeof newVault>>;
  let opened: FolderDestination;

  beforeEach(async () => {
    vault = await newVault();
    opened = await FolderDestination.open(to.folder, { vault });
  });

  it('names the encrypted parts, and can be read', async () => {
    expect(await copy({ vault })).toMatchObject({ copied: 2, failed: 0 });
    const names = await namesOf(to.folder);
    for (const { id } of needed()) {
      expect(names).toEqual(expect.arrayContaining([`${id}.tar.gz.age`, `${id}.index.age`]));
      expect(names).not.toContain(`${id}.tar.gz`);
      // Ranges are made of keys.
      expect(await readFile(join(to.folder, `${id}.json`), 'utf8')).not.toContain('"range"');
    }
    for (const { id, objects } of [
      { id: full.id, objects: 6 },
      { id: next.id, objects: 6 },
    ]) {
      expect(await verifyAt(opened, id)).toMatchObject({ status: 'ok', objects, problems: [] });
    }
    expect(await copy({ vault })).toMatchObject({ present: 2, copied: 0 });
    expect(await copy({ vault, verify: true })).toMatchObject({ present: 2, failed: 0 });
  });

  it('takes the parts that an interrupted one has encrypted', async () => {
    await copy({ vault });
    const part = await readFile(join(to.folder, `${full.parts[0]!.id}.tar.gz.age`));
    for (const id of [full.id, next.id]) {
      await rm(join(to.folder, `${id}.json`));
      await rm(join(to.folder, `${id}.tar.gz.age`));
      await rm(join(to.folder, `${id}.index.age`));
    }
    expect(await copy({ vault })).toMatchObject({ copied: 2, failed: 0 });
    expect(await readFile(join(to.folder, `${full.parts[0]!.id}.tar.gz.age`))).toEqual(part);
    expect(await verifyAt(opened, next.id)).toMatchObject({ status: 'ok', problems: [] });
  });

  it('encrypts a part anew that is missing, and names it so in every backup', async () => {
    await copy({ vault });
    await rm(join(to.folder, `${full.parts[0]!.id}.tar.gz.age`));
    expect(await copy({ vault })).toMatchObject({ copied: 2, failed: 0 });
    for (const id of [full.id, next.id]) {
      expect(await verifyAt(opened, id)).toMatchObject({ status: 'ok', problems: [] });
    }
  });

  it('copies what is encrypted already as it is', async () => {
    await copy({ vault });
    const third = temporaryFolder();
    const [before, after] = [source, target];
    source = opened;
    target = await FolderDestination.open(third.folder, { vault });
    expect(await copy()).toMatchObject({ copied: 2, failed: 0 });
    expect(await namesOf(third.folder)).toEqual(await namesOf(to.folder));
    expect(await verifyAt(target, next.id)).toMatchObject({ status: 'ok', problems: [] });
    await copyFile(
      join(third.folder, `${full.parts[1]!.id}.index.age`),
      join(third.folder, `${full.parts[0]!.id}.index.age`),
    );
    expect(await copy({ verify: true })).toMatchObject({ failed: 0 });
    expect(await verifyAt(target, full.id)).toMatchObject({ status: 'ok', problems: [] });
    [source, target] = [before, after];
    third.remove();
  });
});
