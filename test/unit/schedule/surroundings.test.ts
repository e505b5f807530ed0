import { chmodSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { warnOfSurroundings } from '../../../src/schedule/surroundings.js';
import { removeAtExit } from '../../helpers/child-processes.js';
import { keepingLog } from './notify/kept-log.js';

const root = mkdtempSync(join(tmpdir(), 'mangamotion-surroundings-'));
afterAll(removeAtExit(root));

async function warnings(folder: string, given: { pid?: number; atOnce?: number } = {}) {
  const { log, told } = keepingLog();
  await warnOfSurroundings({ folder, log, atOnce: 1, ...given });
  return told.map(({ message, fields }) => ({ message, fields }));
}

describe('the surroundings of a daemon', () => {
  const parent = join(root, 'volume');
  const folder = join(parent, 'mangamotion');
  mkdirSync(folder, { recursive: true, mode: 0o700 });

  it('are reported only where something is odd', async () => {
    expect(await warnings(folder)).toEqual([]);
  });

  it('have no init where the daemon is process 1', async () => {
    const [first, ...more] = await warnings(folder, { pid: 1 });
    expect(more).toEqual([]);
    expect(first?.message).toMatch(/is process 1.*docker run --init.*init: true/);
  });

  it('have too few files for so many runs', async () => {
    const [first] = await warnings(folder, { atOnce: 10_000_000 });
    expect(first?.message).toBe('the limit of open files is too small: raise `ulimit -n`');
  });

  it('have a volume that everyone may write to, but for one such as /tmp', async () => {
    chmodSync(parent, 0o777);
    expect(await warnings(folder)).toEqual([
      {
        message: 'others can change where the state lies',
        fields: { folder: parent, reason: 'everyone may write to it' },
      },
    ]);
    chmodSync(parent, 0o1777);
    expect(await warnings(folder)).toEqual([]);
  });

  it('have a state folder that everyone may write to, whose own subfolder is closed', async () => {
    const open = join(root, 'open');
    mkdirSync(join(open, 'schedule-state'), { recursive: true, mode: 0o700 });
    for (const [mode, folders] of [
      [0o777, [open]],
      [0o1777, []],
    ] as const) {
      chmodSync(open, mode);
      const told = await warnings(open);
      expect(told.map(({ fields }) => (fields as { folder: string }).folder)).toEqual(folders);
    }
    chmodSync(join(open, 'schedule-state'), 0o777);
    expect(await warnings(open)).toMatchObject([
      { fields: { folder: join(open, 'schedule-state'), reason: 'everyone may write to it' } },
    ]);
  });
});
