import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { listContents } from '../../src/backup/contents.js';
import { verifyBackup } from '../../src/backup/verify/verify.js';
import { openDestination } from '../../src/repository/locate.js';
import { openBackup } from '../../src/repository/open-backup.js';
import { collect } from '../helpers/archive-memory.js';
import { NO_PROGRESS } from '../helpers/backups.js';
import { expectSharesToAgree } from '../helpers/verify-shares.js';

/**
 * A destination as an earlier version wrote it: a full, an incremental as tar.gz, one as a plain
 * folder, and one of metadata. Never made anew: what it proves is that old chains stay readable.
 */
const folder = fileURLToPath(new URL('v1-chain', import.meta.url));
const expected = JSON.parse(
  await readFile(new URL('v1-chain-expected.json', import.meta.url), 'utf8'),
) as Record<string, object[]>;
const destination = await openDestination(folder);
const backups = await destination.list();

it('the chain has four links', () => {
  expect(backups.map(({ id }) => id).sort()).toEqual(Object.keys(expected).sort());
  expect(backups.map(({ summary }) => summary.kind === 'valid' && summary.summary.type)).toEqual([
    'full',
    'incremental',
    'incremental',
    'metadata',
  ]);
});

describe.each(backups)('$id', (backup) => {
  const located = { destination, backup };

  it('verifies', async () => {
    const context = { signal: new AbortController().signal, progress: NO_PROGRESS };
    const whole = await verifyBackup(context, located, { quick: false });
    const { status, problems, objects } = whole;
    await expectSharesToAgree(whole, located);
    expect({ status, problems }).toEqual({ status: 'ok', problems: [] });
    expect(objects).toBe(expected[backup.id]?.length);
  });

  it('has every object with all that belongs to it, wherever its bytes are', async () => {
    const lines = await collect(listContents(located, { buckets: [], keys: [], prefixes: [] }));
    const places = new Set(['path', 'offset', 'length', 'inner']);
    const found = lines.map((line) =>
      Object.fromEntries(Object.entries(line).filter(([name]) => !places.has(name))),
    );
    expect(found).toEqual(expected[backup.id]);
  });

  it('has the documents of its buckets', async () => {
    const { directory, archives } = await openBackup(located);
    const archive = await archives.of(backup.id);
    const entry = directory.documents.find(({ path }) => path.endsWith('/processed/policy.json'));
    if (entry === undefined) throw new Error('no policy');
    const policy = JSON.parse((await archive.readDocument(entry)).toString('utf8')) as object;
    expect(policy).toMatchObject({ Version: '2012-10-17' });
    await archives.close();
  });
});
