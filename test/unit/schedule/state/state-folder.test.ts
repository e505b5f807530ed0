import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { MangamotionError } from '../../../../src/errors.js';
import type { DestinationLock } from '../../../../src/lock/held-lock.js';
import { StateFolder } from '../../../../src/schedule/state/state-folder.js';
import { submitRequest, isTaken, takeRequests } from '../../../../src/schedule/state/requests.js';
import { WatchedFile } from '../../../../src/schedule/state/watched-file.js';
import { appendHistory, readHistory } from '../../../../src/schedule/state/history.js';
import { daemonId } from '../../../../src/schedule/lease.js';
import {
  emptyState,
  readState,
  setStateAside,
  writeState,
} from '../../../../src/schedule/state/state.js';
import { unrunRecord } from '../../../../src/schedule/state/record.js';
import { removeAtExit } from '../../../helpers/child-processes.js';

const root = mkdtempSync(join(tmpdir(), 'mangamotion-state-'));
afterAll(removeAtExit(root));

let folder: string;
let tests = 0;
beforeEach(() => {
  folder = join(root, String(++tests));
  mkdirSync(folder);
});

describe('requests', () => {
  it('are taken once, and what is none is passed over', async () => {
    const request = { id: 'b4d1', name: 'daily', requestedAt: '2026-01-01T00:00:00.000Z' };
    await submitRequest(folder, request);
    mkdirSync(join(folder, 'requests', 'folder.json'));
    writeFileSync(join(folder, 'requests', 'cut-short.json'), '{"na');
    expect(await isTaken(folder, 'b4d1')).toBe(false);
    expect(await takeRequests(folder)).toEqual([request]);
    expect(await takeRequests(folder)).toEqual([]);
    expect(await isTaken(folder, 'b4d1')).toBe(true);
  });
});

describe('a watched file', () => {
  it('has changed once two looks have found the same of it', async () => {
    const file = join(folder, 'crontab');
    writeFileSync(file, 'one');
    const watched = await WatchedFile.open(file);
    expect(await watched.hasChanged()).toBe(false);
    writeFileSync(file, 'half');
    expect(await watched.hasChanged()).toBe(false);
    expect(watched.isSettling).toBe(true);
    writeFileSync(file, 'half and half');
    expect(await watched.hasChanged()).toBe(false);
    expect(await watched.hasChanged()).toBe(true);
    expect(await watched.hasChanged()).toBe(false);
    expect(watched.isSettling).toBe(false);
  });
});

describe('the history', () => {
  const record = (id: string) =>
    unrunRecord(
      { id, name: 'daily', due_at: '2026-01-01T00:00:00.000Z', trigger: 'cron' },
      ...(['missed', 'a reason'] as const),
    );

  it('gives the newest first, one that was written twice once, and counts lines that are none', async () => {
    await appendHistory(folder, [record('1'), record('2')]);
    writeFileSync(join(folder, 'history.ndjson'), '{"id":"cut-short', { flag: 'a' });
    await appendHistory(folder, [record('2'), record('3')]);
    const { records, damaged } = await readHistory(folder);
    expect(records.map(({ id }) => id)).toEqual(['3', '2', '1']);
    expect(damaged).toBe(1);
  });

  it('keeps one file before the current one', async () => {
    const long = { ...record('old'), reason: 'x'.repeat(5_000_000) };
    await appendHistory(folder, [long]);
    await appendHistory(folder, [record('new')]);
    await appendHistory(folder, [record('newer')]);
    const { records } = await readHistory(folder);
    expect(records.map(({ id }) => id)).toEqual(['newer', 'new', 'old']);
  });
});

describe('the lock of the folder', () => {
  const lockThat = (isLost: boolean): DestinationLock => ({
    signal: isLost ? AbortSignal.abort() : new AbortController().signal,
    takenOver: false,
    check: () => Promise.resolve(),
    release: () => Promise.resolve(),
  });

  function lockWith(
    answers: (DestinationLock | Error)[],
    tell: (fields: object, message: string) => void,
  ): Promise<StateFolder> {
    return StateFolder.lock(folder, 'schedule', {
      log: { info: tell, warn: tell, error: tell },
      signal: new AbortController().signal,
      take: () => {
        const answer = answers.shift();
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer!);
      },
    });
  }

  it('that is lost, and cannot be taken on a full disk, holds nothing up, and is taken later', async () => {
    const told: string[] = [];
    const tell = (_fields: object, message: string) => told.push(message);
    const full = new MangamotionError('disk', 'no space left');
    const answers = [lockThat(true), full, full, lockThat(false)];
    const held = await lockWith(answers, tell);
    for (let tick = 0; tick < 5; tick++) await held.keepLock();
    expect(answers).toEqual([]);
    expect(told).toEqual([
      'the lock of the state folder is lost: runs go on without',
      'the lock of the state folder was lost and acquired again',
    ]);
  });

  it('that another daemon has by now ends this one', async () => {
    const answers = [lockThat(true), new MangamotionError('locked', 'another one')];
    const tell = () => undefined;
    const held = await lockWith(answers, tell);
    await expect(held.keepLock()).rejects.toMatchObject({ code: 'locked' });
  });
});

describe('what is no file', () => {
  const fifo = (name: string) => execFileSync('mkfifo', [join(folder, name)]);
  const NOW = new Date('2026-01-01T00:00:00Z');

  it.each([
    ['a pipe', (path: string) => execFileSync('mkfifo', [path]), 'it is a pipe, not a file'],
    ['a folder', (path: string) => mkdirSync(path), 'it is a folder'],
    ['a device', (path: string) => symlinkSync('/dev/zero', path), 'it is larger than 64 MiB'],
    [
      'a gigabyte',
      (path: string) => {
        writeFileSync(path, '');
        truncateSync(path, 2 ** 30);
      },
      'it is larger than 64 MiB',
    ],
  ])('is no state: %s', async (_what, make, reason) => {
    make(join(folder, 'state.json'));
    expect(await readState(folder)).toEqual({ kind: 'unusable', reason });
    await setStateAside(folder, NOW);
    await writeState(folder, emptyState(NOW));
    expect(await readState(folder)).toMatchObject({ kind: 'read' });
  });

  it('is no history: nobody waits for it', async () => {
    fifo('history.ndjson');
    await expect(readHistory(folder)).rejects.toThrow('it is a pipe, not a file');
    const record = { id: '1', name: 'daily', due_at: NOW.toISOString(), trigger: 'cron' } as const;
    const appending = appendHistory(folder, [unrunRecord(record, 'missed', 'a reason')]);
    await expect(appending).rejects.toThrow('it is a pipe, not a file');
  });

  it('is no request, nor is one of a gigabyte', async () => {
    const request = { id: 'b4d1', name: 'daily', requestedAt: NOW.toISOString() };
    await submitRequest(folder, request);
    fifo('requests/pipe.json');
    fifo('requests/b4d2.json.partial');
    writeFileSync(join(folder, 'requests', 'large.json'), '');
    truncateSync(join(folder, 'requests', 'large.json'), 2 ** 30);
    expect(await takeRequests(folder)).toEqual([request]);
    await submitRequest(folder, { ...request, id: 'b4d2' });
    expect(await isTaken(folder, 'b4d2')).toBe(false);
  });

  it('is no id of a daemon: another one takes its place', async () => {
    fifo('daemon-id');
    const id = await daemonId(folder);
    expect(await daemonId(folder)).toBe(id);
    symlinkSync('/dev/zero', join(folder, 'other'));
    renameSync(join(folder, 'other'), join(folder, 'daemon-id'));
    expect(await daemonId(folder)).not.toBe(id);
  });

  it('the history of a gigabyte is read at its end', async () => {
    const record = { id: '1', name: 'daily', due_at: NOW.toISOString(), trigger: 'cron' } as const;
    const file = join(folder, 'history.ndjson');
    writeFileSync(file, '');
    truncateSync(file, 2 ** 30);
    writeFileSync(file, `\n${JSON.stringify(unrunRecord(record, 'missed', 'a reason'))}\n`, {
      flag: 'a',
    });
    const { records } = await readHistory(folder);
    expect(records.map(({ id }) => id)).toEqual(['1']);
  });
});
