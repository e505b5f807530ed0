import { mkdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Entry } from '../../../src/schedule/crontab/entry.js';
import { ownFolderOf } from '../../../src/schedule/state/own-folder.js';
import { emptyState, writeState } from '../../../src/schedule/state/state.js';
import { lastVerifications } from '../../../src/serve/last-verified.js';
import { temporaryFolder } from '../../helpers/backups.js';

const AT = '2024-01-15T02:00:00.000Z';
let folder: string;
let remove: () => void;
beforeEach(() => ({ folder, remove } = temporaryFolder()));
afterEach(() => remove());

describe('an entry that verifies', () => {
  it.each([
    [[], true],
    [['--workers', '4'], true],
    [['--engine', 'bullmq', '--shards=40', '--queue', 'q'], true],
    [['--shard', '1/3'], false],
    [['--shard=1/3'], false],
    [['--sample', '5%'], false],
    [['--quick'], false],
  ])('has read all of a backup, or not: %j', async (options, isWhole) => {
    const own = ownFolderOf(folder);
    await mkdir(own, { recursive: true });
    const state = emptyState(new Date(AT));
    const timing = { timing: '0 2 * * * UTC', handled_until: AT, last_started_due: AT };
    state.entries.check = { ...timing, last_run: null, last_success_at: AT };
    await writeState(own, state);
    const argv = ['backup', 'verify', '/backups', '--latest', ...options];
    const entries = () => Promise.resolve([{ name: 'check', argv } as unknown as Entry]);
    const last = (await lastVerifications({ folder, entries }))('/backups/');
    if (isWhole) expect(last).toMatchObject({ at: AT, entry: 'check' });
    else expect(last).toBeNull();
  });
});
