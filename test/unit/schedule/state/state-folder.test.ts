import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { MangamotionError } from '../../../../src/errors.js';
import type { DestinationLock } from '../../../../src/lock/held-lock.js';
import { StateFolder } from '../../../../src/schedule/state/state-folder.js';
import { submitRequest, isTaken, takeRequests } from '../../../../src/schedule/state/requests.js';
import { WatchedFile } from '../../../../src/schedule/state/watched-file.js';
import { appendHistory, readHistory } from '../../../../src/schedule/state/history.js';
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
