import { readdir } from 'node:fs/promises';
import { afterAll, expect, it } from 'vitest';
import { NO_VAULT } from '../../../src/repository/encryption/vault.js';
import { FolderDestination } from '../../../src/repository/folder/folder-destination.js';
import { readSigned } from '../../../src/repository/signed-backup.js';
import { encodeSummary } from '../../../src/repository/summary-codec.js';
import { newSigningKey } from '../../../src/signature/keys.js';
import { signFile } from '../../../src/signature/signature-file.js';
import { addWhole, noise } from '../../helpers/archive-samples.js';
import { temporaryFolder } from '../../helpers/backups.js';
import { TEST_CLOCK } from '../../helpers/stored-archives.js';
import { backupEntry, summaryOf } from '../../helpers/summaries.js';

const key = newSigningKey();
const MADE = { at: '2024-01-15T02:00:00Z', sequence: 7 };

function holding(files: Record<string, string>) {
  return {
    location: '/backups',
    readFile: (name: string) => {
      const text = files[name];
      return Promise.resolve(text === undefined ? undefined : Buffer.from(text));
    },
  };
}

it('what is used is the summary that was signed, whatever was read before', async () => {
  const listed = backupEntry({ ...MADE, sequence: 8, archiveBytes: 1 });
  const text = encodeSummary(summaryOf(MADE));
  const name = `${listed.id}.json`;
  const signature = signFile(Buffer.from(text), { fileName: name, time: new Date() }, key);
  const destination = holding({ [name]: text, [`${name}.minisig`]: signature });
  expect(await readSigned(destination, listed, [key.publicKey])).toMatchObject({
    backup: { id: listed.id, archiveBytes: 1, summary: { summary: { sequence: 7 } } },
  });
});

it('a backup that was removed meanwhile is not found, which is no finding', async () => {
  const reading = readSigned(holding({}), backupEntry(MADE), [key.publicKey]);
  await expect(reading).rejects.toMatchObject({ code: 'not_found' });
});

const { folder, remove } = temporaryFolder();
afterAll(() => remove());

it.each([
  ['without a signing key it stays', undefined, 1],
  ['with one it is removed: the next run could not know whose it is', key, 0],
])('an interrupted archive is for the next run; %s', async (_, signingKey, left) => {
  const vault = { ...NO_VAULT, signingKey: () => Promise.resolve(signingKey) };
  const destination = await FolderDestination.open(folder, { vault });
  const pending = await destination.begin('full', TEST_CLOCK);
  await addWhole(pending.writer, { bucket: 'sample', key: 'a', content: noise(100) });
  expect((await pending.endEarly()) === undefined).toBe(left === 0);
  expect(await readdir(folder)).toHaveLength(left);
  for (const leftover of await destination.leftovers()) await leftover.remove();
});
