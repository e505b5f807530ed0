import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { JOURNAL_FOLDER, decodeEntry } from '../../../../src/drill/journal-entry.js';
import { openRehearsal } from '../../../../src/drill/ransom/rehearsal.js';
import { FolderClaims } from '../../../../src/lock/folder-claims.js';
import { describeOwner } from '../../../../src/lock/owner.js';
import type { ObjectStore } from '../../../../src/object-store/port.js';
import { temporaryFolder } from '../../../helpers/backups.js';

const { folder, remove } = temporaryFolder();
afterAll(remove);

async function entriesAfter(name: string, isInterrupted: boolean) {
  const location = join(folder, name);
  mkdirSync(location);
  const claims = new FolderClaims(location, JOURNAL_FOLDER);
  const aborting = new AbortController();
  const { signal } = aborting;
  const empty = {
    endpoint: 'http://127.0.0.1:1',
    listVersionPage: () => Promise.resolve({ versions: [], next: undefined }),
    listMultipartUploads: () => Promise.resolve([]),
  } as unknown as ObjectStore;
  const place = { bucket: 'b', prefix: 'p/', url: 's3://b/p', store: empty, signal };
  const rehearsal = await openRehearsal({
    ...{ claims, owner: await describeOwner('drill'), now: () => new Date(), signal },
    ...{ store: empty, prefix: '', destination: place, warn: () => undefined },
  });
  if (isInterrupted) aborting.abort(new Error('interrupted'));
  expect(await rehearsal.end()).toMatchObject({ left: 0 });
  return (await claims.list()).map(({ content }) => decodeEntry(content)?.drill.rehearsal);
}

it('what a request puts there after an interruption is cleared by a later drill', async () => {
  expect(await entriesAfter('ended', false)).toEqual([]);
  expect(await entriesAfter('interrupted', true)).toEqual([{ ended: true }]);
});
