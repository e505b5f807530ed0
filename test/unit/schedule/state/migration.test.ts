import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { acquireLock } from '../../../../src/lock/acquire.js';
import { FolderClaims } from '../../../../src/lock/folder-claims.js';
import { describeOwner } from '../../../../src/lock/owner.js';
import { daemonId } from '../../../../src/schedule/lease.js';
import { appendHistory } from '../../../../src/schedule/state/history.js';
import { migrateState, migrationSteps } from '../../../../src/schedule/state/migration.js';
import { openOwnFolder, ownFolderOf } from '../../../../src/schedule/state/own-folder.js';
import { readRecordedHistory, readRecordedState } from '../../../../src/schedule/state/recorded.js';
import { StateFolder } from '../../../../src/schedule/state/state-folder.js';
import { readState, writeState } from '../../../../src/schedule/state/state.js';
import { removeAtExit } from '../../../helpers/child-processes.js';
import { entryState, runRecord, scheduleState } from '../../../helpers/run-records.js';
import { mountSmallDisk } from '../../../helpers/small-disk.js';
import { keepingLog } from '../notify/kept-log.js';

const root = mkdtempSync(join(tmpdir(), 'mangamotion-migration-'));
afterAll(removeAtExit(root));

const NOW = new Date('2026-02-01T00:00:00Z');
const { signal } = new AbortController();

let folder: string;
let own: string;
let tests = 0;
beforeEach(() => {
  folder = join(root, String(++tests));
  own = ownFolderOf(folder);
  mkdirSync(folder);
});

const old = runRecord({ id: 'old', log_file: 'runs/daily/old.log' });
const recent = runRecord({ id: 'recent', log_file: 'runs/daily/recent.log' });
const unwritten = runRecord({ id: 'unwritten', log_file: null });
const entries = { daily: entryState({ last_run: recent, handled_until: recent.due_at }) };

/** Leaves what the version before had: all of it directly in the folder. */
async function leaveEarlierState(into = folder): Promise<void> {
  await appendHistory(into, [old]);
  renameSync(join(into, 'history.ndjson'), join(into, 'history.ndjson.1'));
  await appendHistory(into, [recent]);
  await writeState(into, scheduleState({ entries, outbox: [unwritten] }));
  await daemonId(into);
  for (const name of ['old', 'recent']) {
    mkdirSync(join(into, 'runs', 'daily'), { recursive: true });
    writeFileSync(join(into, 'runs', 'daily', `${name}.log`), name);
  }
  writeFileSync(join(into, 'state.unusable-1.json'), 'aside');
  writeFileSync(join(into, 'state.json.partial'), 'draft');
}

async function expectAllIsKnown(): Promise<void> {
  const { records, damaged } = await readRecordedHistory(folder);
  expect(damaged).toBe(0);
  expect(records.map(({ id }) => id)).toEqual(['recent', 'old']);
  const read = await readRecordedState(folder);
  if (read.kind !== 'read') throw new Error(read.kind);
  expect(read.state.entries.daily?.handled_until).toBe(recent.due_at);
  expect(read.state.outbox.map(({ id }) => id)).toEqual(['unwritten']);
}

const move = async () =>
  await migrateState({
    ...{ from: folder, to: await openOwnFolder(folder, keepingLog().log) },
    ...{ now: NOW, log: keepingLog().log },
  });

async function lock(command = 'schedule') {
  const { log, told } = keepingLog();
  const held = await StateFolder.lock(folder, command, { log, signal });
  return { held, told };
}

describe('the state of an earlier version', () => {
  it('is moved into the subfolder, all of it', async () => {
    await leaveEarlierState();
    const id = readFileSync(join(folder, 'daemon-id'), 'utf8');
    const { held, told } = await lock();
    await held.release();
    expect(told.map(({ message }) => message)).toEqual([
      'the state was moved into a folder of its own',
    ]);
    expect(readdirSync(folder)).toEqual(['schedule-state']);
    expect(readdirSync(own).sort()).toEqual(
      'daemon-id history.ndjson history.ndjson.1 runs state.json state.unusable-1.json'.split(' '),
    );
    expect(statSync(own).mode & 0o777).toBe(0o700);
    expect(readFileSync(join(own, 'daemon-id'), 'utf8')).toBe(id);
    await expectAllIsKnown();
    const { records } = await readRecordedHistory(folder);
    for (const { log_file } of records) expect(existsSync(join(folder, log_file ?? ''))).toBe(true);
    expect((await lock()).told).toEqual([]);
  });

  it('is read where it is, and nothing is moved by looking', async () => {
    await leaveEarlierState();
    const before = readdirSync(folder);
    await expectAllIsKnown();
    const { records } = await readRecordedHistory(folder);
    expect(records[0]?.log_file).toBe('runs/daily/recent.log');
    expect(readdirSync(folder)).toEqual(before);
  });

  it('is whole after a crash at any step, for those who look and for the next daemon', async () => {
    for (let crashAfter = 1; ; crashAfter++) {
      folder = join(root, `${tests}-${crashAfter}`);
      own = ownFolderOf(folder);
      mkdirSync(folder);
      await leaveEarlierState();
      await openOwnFolder(folder, keepingLog().log);
      let steps = 0;
      const all = migrationSteps({ from: folder, to: own, now: NOW, log: keepingLog().log });
      while (steps < crashAfter && !(await all.next()).done) steps++;
      await expectAllIsKnown();
      await move();
      await expectAllIsKnown();
      expect(readdirSync(folder)).toEqual(['schedule-state']);
      if (steps < crashAfter) break;
    }
  });

  it('is merged with what a later version had there before, whole after a crash at any step', async () => {
    for (let crashAfter = 1; ; crashAfter++) {
      folder = join(root, `${tests}-${crashAfter}`);
      own = ownFolderOf(folder);
      mkdirSync(folder);
      await openOwnFolder(folder, keepingLog().log);
      const first = runRecord({ id: 'first', name: 'weekly' });
      await appendHistory(own, [first]);
      const weekly = entryState({ last_run: first });
      const ours = { weekly, daily: entryState({ last_success_at: first.finished_at }) };
      await writeState(own, {
        ...scheduleState({ entries: ours }),
        saved_at: '2020-01-01T00:00:00.000Z',
      });
      mkdirSync(join(own, 'runs', 'daily'), { recursive: true });
      await leaveEarlierState();
      let steps = 0;
      const all = migrationSteps({ from: folder, to: own, now: NOW, log: keepingLog().log });
      while (steps < crashAfter && !(await all.next()).done) steps++;
      const isWhole = async () => {
        const { records } = await readRecordedHistory(folder);
        expect(records.map(({ id }) => id)).toEqual(['recent', 'old', 'first']);
        const read = await readRecordedState(folder);
        expect(read).toMatchObject({
          state: {
            entries: {
              weekly,
              daily: { last_run: { id: 'recent' }, last_success_at: first.finished_at },
            },
          },
        });
      };
      await isWhole();
      await move();
      await isWhole();
      expect(readdirSync(folder)).toEqual(['schedule-state']);
      expect(readdirSync(join(own, 'runs', 'daily'))).toHaveLength(2);
      if (steps < crashAfter) break;
    }
  });

  it('that ends in the middle of a line is merged without losing the next one', async () => {
    await leaveEarlierState();
    appendFileSync(join(folder, 'history.ndjson'), '{"id":"cut');
    mkdirSync(own);
    await appendHistory(own, [runRecord({ id: 'first' })]);
    await move();
    const { records, damaged } = await readRecordedHistory(folder);
    expect(records.map(({ id }) => id)).toEqual(['recent', 'old', 'first']);
    expect(damaged).toBe(1);
  });

  it('that is damaged is kept aside where ours is whole, and takes its place where ours is damaged', async () => {
    mkdirSync(own);
    await writeState(own, scheduleState({ entries }));
    writeFileSync(join(folder, 'state.json'), '{"vers');
    await move();
    expect(await readState(own)).toMatchObject({ state: { entries } });
    expect(readdirSync(own).filter((name) => name.startsWith('state.unusable-'))).toHaveLength(1);
    writeFileSync(join(own, 'state.json'), '');
    await writeState(folder, scheduleState({ entries }));
    await move();
    expect(await readState(own)).toMatchObject({ state: { entries } });
    expect(readdirSync(folder)).toEqual(['schedule-state']);
  });

  it('is found behind symbolic links', async () => {
    const elsewhere = join(folder, 'elsewhere');
    mkdirSync(elsewhere);
    await leaveEarlierState(elsewhere);
    for (const name of ['history.ndjson', 'history.ndjson.1', 'state.json']) {
      symlinkSync(join('elsewhere', name), join(folder, name));
    }
    await move();
    await expectAllIsKnown();
    expect(lstatSync(join(own, 'history.ndjson')).isFile()).toBe(true);
  });

  it('stays where a pipe or a folder has its name', async () => {
    execFileSync('mkfifo', [join(folder, 'history.ndjson'), join(folder, 'daemon-id')]);
    writeFileSync(join(folder, 'runs'), '');
    const { held, told } = await lock();
    expect(told.map(({ message }) => message)).toEqual([
      'it is not a folder of logs, and stays where it is',
      'it is not a history, and stays where it is',
      'the state was moved into a folder of its own',
    ]);
    await held.append([recent]);
    await held.release();
  });
});

describe('the locks', () => {
  const earlier = async (where: string) =>
    await acquireLock(new FolderClaims(where), {
      ...{ owner: await describeOwner('schedule'), waitMs: 0, signal },
    });

  it('keep this version from beginning beside an earlier one, which keeps its state', async () => {
    await leaveEarlierState();
    const running = await earlier(folder);
    await expect(lock()).rejects.toMatchObject({ code: 'locked' });
    await expect(lock('schedule run')).rejects.toMatchObject({ code: 'locked' });
    expect(existsSync(own)).toBe(false);
    await running.release();
    await (await lock()).held.release();
    await expectAllIsKnown();
  });

  it('keep an earlier one, and another one of this version, from beginning beside it', async () => {
    const { held } = await lock();
    await expect(earlier(folder)).rejects.toMatchObject({ code: 'locked' });
    await expect(earlier(own)).rejects.toMatchObject({ code: 'locked' });
    await expect(lock()).rejects.toMatchObject({ code: 'locked' });
    await held.release();
    await (await earlier(folder)).release();
  });

  it('leave none behind where the second is taken', async () => {
    mkdirSync(own);
    const other = await earlier(own);
    await expect(lock()).rejects.toMatchObject({ code: 'locked' });
    await (await earlier(folder)).release();
    await other.release();
  });
});

describe('the subfolder', () => {
  it('is closed to others where it was open', async () => {
    mkdirSync(own);
    chmodSync(own, 0o2777);
    const { held, told } = await lock();
    await held.release();
    expect(told.map(({ message }) => message)).toEqual([
      'the state was open to others: its mode is 0700 now',
    ]);
    expect(statSync(own).mode & 0o777).toBe(0o700);
  });

  it.each([
    ['a symbolic link', () => symlinkSync(root, own)],
    ['a symbolic link', () => symlinkSync('nowhere', own)],
    ['a file', () => writeFileSync(own, '')],
    ['a pipe', () => void execFileSync('mkfifo', [own])],
  ])('is nothing but a folder: %s is refused', async (what, make) => {
    make();
    await leaveEarlierState();
    const refusal = { code: 'usage', message: `${own} is ${what}, not a folder` };
    await expect(lock()).rejects.toMatchObject(refusal);
    expect(existsSync(join(folder, 'state.json'))).toBe(true);
    expect(existsSync(join(folder, '.mangamotion-lock'))).toBe(false);
  });

  const disk = mountSmallDisk(1024 * 1024);
  it.runIf(disk)('on another file system, in a folder where nothing can be written', async () => {
    if (disk === undefined) return;
    folder = disk.folder;
    own = ownFolderOf(folder);
    mkdirSync(own);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=0700', 'tmpfs', own]);
    try {
      await leaveEarlierState();
      await (await lock()).held.release();
      expect(readdirSync(folder)).toEqual(['schedule-state']);
      await expectAllIsKnown();
      disk.makeReadOnly();
      const { held } = await lock();
      await held.append([runRecord()]);
      await held.release();
    } finally {
      execFileSync('umount', [own]);
    }
    await expect(lock()).rejects.toMatchObject({ code: 'usage' });
    disk.unmount();
  });
});
