import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { catalog } from '../../../src/cli/catalog.js';
import { suspicionText } from '../../../src/cli/commands/backup/describe.js';
import { temporaryFolder } from '../../helpers/backups.js';
import { backupEntry, summaryOf, writeListed } from '../../helpers/summaries.js';
import { runMain, world } from './world.js';

/** What people read of a backup that lacks something. */

let folder: string;
let remove: () => void;

beforeEach(() => ({ folder, remove } = temporaryFolder()));
afterEach(() => remove());

const AT = '2024-01-15T02:00:00.000Z';
const SINCE = '2024-01-13T02:00:00.000Z';

describe('backup show', () => {
  it('names what was taken over, lost, noticed and failed, and counts what is not named', async () => {
    const made = { at: AT, sequence: 1, status: 'partial' } as const;
    const summary = summaryOf(made);
    Object.assign(summary.objects, { unchanged: 9, carried: 1, failed: 1 });
    Object.assign(summary, { failures_omitted: 1200, notices: ['the listing was continued'] });
    summary.failures.push(
      {
        ...{ bucket: 'photos', key: 'a', reason: 'it is gone', unreadable_since: SINCE },
        ...{ operation: 'GetObject', status: 404, code: 'NoSuchKey' },
      },
      {
        bucket: 'photos',
        key: 'b',
        part: 'tags',
        reason: 'refused',
        operation: 'GetObjectTagging',
      },
      { bucket: 'temp', key: '', reason: 'not listed' },
    );
    summary.fidelity.losses.push(
      { bucket: 'photos', what: 'tags', count: 4, keys: ['b', 'c', 'd', 'e'], reason: 'refused' },
      { bucket: 'temp', what: 'older versions', count: 1, keys: [], reason: 'not captured' },
    );
    await writeListed(folder, backupEntry(made, { summary: { kind: 'valid', summary } }));
    const shown = await runMain(['backup', 'show', join(folder, summary.id)], catalog, world());
    expect(shown.status).toBe(0);
    for (const text of [
      '9 unchanged, 1 of these carried over unread',
      `1 object carried over from an earlier backup: could not be read since ${SINCE}`,
      'photos: tags of 4 objects (b, c, d, …): refused',
      'temp: older versions: not captured',
      'the listing was continued',
      'GetObject 404',
      'photos/b: tags',
      '… and 1,200 more that are not listed',
    ]) {
      expect(shown.stdout).toContain(text);
    }
  });
});

describe('what makes a backup suspect', () => {
  it.each([
    [{ deleted: 60, wiped: 30 }, '60 of 100 objects of b gone, 30 wiped in place'],
    [{ deleted: 60 }, '60 of 100 objects of b gone'],
    [{ deleted: 0, wiped: 30 }, '30 of 100 objects of b wiped in place'],
  ])('%j is told', (counts, text) => {
    expect(suspicionText({ bucket: 'b', before: 100, ...counts })).toMatch(
      new RegExp(`^${text}(?: \\(now empty or identical\\))?$`),
    );
  });
});
