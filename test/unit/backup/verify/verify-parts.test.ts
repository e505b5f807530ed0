import { copyFile, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { VerifyOptions } from '../../../../src/backup/verify/verify.js';
import type { VerifyResult } from '../../../../src/backup/verify/result.js';
import { verifyBackup } from '../../../../src/backup/verify/verify.js';
import { verifyRolling } from '../../../../src/backup/verify/rolling/rolling.js';
import { NO_VAULT, type Vault } from '../../../../src/repository/encryption/vault.js';
import { FolderDestination } from '../../../../src/repository/folder/folder-destination.js';
import { readReadings } from '../../../../src/repository/readings.js';
import type { Summary } from '../../../../src/repository/summary.js';
import { decodeSummary, encodeSummary } from '../../../../src/repository/summary-codec.js';
import { NO_PROGRESS, temporaryFolder } from '../../../helpers/backups.js';
import {
  type MadeOfParts,
  makeOfParts,
  makePart,
  objectsOf,
} from '../../../helpers/backups-of-parts.js';
import { expectSharesToAgree } from '../../../helpers/verify-shares.js';
import { newVault } from '../../../helpers/vaults.js';

const AT = '2024-01-01T02:00:00.000Z';
const NEXT = '2024-01-02T02:00:00.000Z';

let folder: string;
let removeFolder: () => void;
let destination: FolderDestination;
let made: MadeOfParts;

beforeEach(() => {
  ({ folder, remove: removeFolder } = temporaryFolder());
});
afterEach(() => {
  removeFolder();
});

async function open(vault: Vault = NO_VAULT): Promise<void> {
  destination = await FolderDestination.open(folder, { vault });
  made = await makeOfParts(destination, {
    at: AT,
    shards: [objectsOf('a', 40), objectsOf('b', 40), objectsOf('c', 40)],
  });
}

async function verified(
  id = made.id,
  options: Partial<VerifyOptions> = {},
  on = destination,
): Promise<VerifyResult> {
  const context = { signal: new AbortController().signal, progress: NO_PROGRESS };
  const backup = await on.read(id);
  const located = { destination: on, backup };
  const result = await verifyBackup(context, located, { quick: false, ...options });
  if (Object.keys(options).length === 0) await expectSharesToAgree(result, located);
  return result;
}

const file = (at: number) => join(folder, made.parts[at]?.record.archive.file ?? '');
const kindsOf = ({ problems }: VerifyResult) => [...new Set(problems.map(({ kind }) => kind))];

async function edit(id: string, change: (summary: Summary) => void): Promise<void> {
  const path = join(folder, `${id}.json`);
  const decoded = decodeSummary(await readFile(path));
  if (decoded.kind !== 'valid') throw new Error(id);
  change(decoded.summary);
  await writeFile(path, encodeSummary(decoded.summary));
}

/** Spoils a part, and what is found of it: with all bytes read, and quickly. */
const FAULTS: [string, string, string[], string[], (at: number) => Promise<void>][] = [
  ['is missing', 'incomplete', ['archive_missing'], ['archive_missing'], (at) => rm(file(at))],
  [
    'is cut off',
    'incomplete',
    ['archive_truncated'],
    ['archive_truncated'],
    (at) => truncate(file(at), 200),
  ],
  ['is another one', 'damaged', ['directory'], ['directory'], (at) => swap(at)],
  [
    'has a bit flipped in an object',
    'damaged',
    ['archive'],
    [],
    async (at) => {
      const bytes = await readFile(file(at));
      bytes[40] = (bytes[40] ?? 0) ^ 1;
      await writeFile(file(at), bytes);
    },
  ],
  [
    'has another digest in the summary',
    'damaged',
    ['archive'],
    [],
    () => edit(made.id, ({ parts = [] }) => void (parts[1]!.archive.sha256 = '0'.repeat(64))),
  ],
  [
    'has another length in the summary',
    'incomplete',
    ['archive_truncated'],
    ['archive_truncated'],
    () => edit(made.id, ({ parts = [] }) => void (parts[1]!.archive_bytes += 1)),
  ],
];

/** Puts a part of another run in the place of one, with its length. */
async function swap(at: number): Promise<void> {
  const other = await makePart(destination, { at: NEXT }, objectsOf('a', 40), 9);
  const { size } = await import('node:fs').then(({ statSync }) => statSync(file(at)));
  const from = join(folder, other.record.archive.file);
  await copyFile(from, file(at));
  await truncate(file(at), size);
}

describe('a backup of parts', () => {
  it('is verified with all of its objects, in every way', async () => {
    await open();
    expect(await verified()).toMatchObject({ status: 'ok', objects: 120, problems: [] });
    expect(await verified(made.id, { quick: true })).toMatchObject({ status: 'ok', objects: 120 });
    expect(await verified(made.id, { sample: 0.5 })).toMatchObject({ status: 'ok' });
  });

  it.each(FAULTS)('of which a part %s', async (_, status, kinds, quickly, spoil) => {
    await open();
    await spoil(1);
    const found = await verified();
    expect(found.status).toBe(status);
    expect(kindsOf(found)).toEqual(expect.arrayContaining(kinds));
    expect(found.objects).toBeLessThanOrEqual(120);
    const quick = await verified(made.id, { quick: true });
    expect(kindsOf(quick)).toEqual(expect.arrayContaining(quickly));
    expect(quick.status === 'ok').toBe(quickly.length === 0);
    const isMissing = kinds.includes('archive_missing');
    if (isMissing)
      expect(found.problems.filter(({ kind }) => kind === 'archive_missing')).toHaveLength(1);
  });

  it('names the part that is damaged, and its object', async () => {
    await open();
    await FAULTS[3]![4](1);
    const { problems, objects } = await verified();
    expect(problems.some(({ message }) => message.includes(made.parts[1]!.id))).toBe(true);
    expect(objects).toBeGreaterThanOrEqual(80);
    expect(objects).toBeLessThan(120);
  });

  it('with an incremental that refers to its parts, which reads the objects there', async () => {
    await open();
    const next = await makeOfParts(destination, {
      ...{ at: NEXT, sequence: 2, type: 'incremental', parent: made.id },
      ...{ shards: [objectsOf('d', 5)], earlier: made.parts.slice(0, 2) },
    });
    expect(await verified(next.id)).toMatchObject({ status: 'ok', objects: 85, problems: [] });
    await FAULTS[3]![4](1);
    const found = await verified(next.id);
    expect(found.status).toBe('damaged');
    expect(kindsOf(found)).toEqual(['object']);
    await rm(file(1));
    expect((await verified(next.id)).status).toBe('incomplete');
    await destination.remove(made.id);
    expect((await verified(next.id, { quick: true })).status).toBe('incomplete');
  });

  it('is found damaged by its shares as by one reader, wherever a bit is flipped', async () => {
    await open();
    const next = await makeOfParts(destination, {
      ...{ at: NEXT, sequence: 2, type: 'incremental', parent: made.id },
      ...{ shards: [objectsOf('d', 30), objectsOf('e', 30)], earlier: made.parts.slice(0, 2) },
    });
    const files = [...made.parts.slice(0, 2), ...next.parts].map(({ record }) => record.archive);
    const names = [next.summary.archive, ...files].map((archive) => archive.file);
    const places = fc.record({ name: fc.constantFrom(...names), at: fc.nat(), bit: fc.nat(7) });
    const property = fc.asyncProperty(places, async ({ name, at, bit }) => {
      const intact = await readFile(join(folder, name));
      const bytes = Buffer.from(intact);
      const place = at % bytes.length;
      bytes[place] = (bytes[place] ?? 0) ^ (1 << bit);
      await writeFile(join(folder, name), bytes);
      try {
        // What no object of this backup needs of an earlier part is not read.
        await verified(next.id);
      } finally {
        await writeFile(join(folder, name), intact);
      }
    });
    await fc.assert(property, { numRuns: 20 });
    expect(await verified(next.id)).toMatchObject({ status: 'ok', objects: 140 });
  });

  it('that is encrypted is verified with its key, and without one by what is stored', async () => {
    const vault = await newVault();
    await open(vault);
    expect(await verified()).toMatchObject({ status: 'ok', objects: 120, problems: [] });
    expect(await verified(made.id, { quick: true })).toMatchObject({ status: 'ok', problems: [] });
    const blind = await FolderDestination.open(folder);
    const stored = await verified(made.id, {}, blind);
    expect(stored).toMatchObject({ status: 'ok', problems: [] });
    expect(stored.not_opened).toBeDefined();
    await rm(join(folder, `${made.parts[2]!.id}.index.age`));
    expect(kindsOf(await verified())).toEqual(['archive_missing']);
    expect(kindsOf(await verified(made.id, {}, blind))).toEqual(['archive_missing']);
    const bytes = await readFile(file(0));
    bytes[bytes.length - 30] = (bytes[bytes.length - 30] ?? 0) ^ 1;
    await writeFile(file(0), bytes);
    const found = await verified(made.id, {}, blind);
    expect(found.problems.map(({ message }) => message).join()).toContain(made.parts[0]!.id);
    await rm(file(1));
    expect(kindsOf(await verified(made.id, { quick: true }, blind))).toContain('archive_missing');
  });
});

describe('verify --within', () => {
  const DAY_MS = 86_400_000;

  async function rolling(day: number, days = 10) {
    const context = { signal: new AbortController().signal, progress: NO_PROGRESS };
    const now = new Date(Date.parse('2024-02-01T00:00:00Z') + day * DAY_MS);
    return await verifyRolling(context, destination, {
      ...{ withinMs: days * DAY_MS, now: () => now },
    });
  }

  it('reads the parts of backups, also of those that are gone, and its record covers them', async () => {
    await open();
    const next = await makeOfParts(destination, {
      ...{ at: NEXT, sequence: 2, type: 'incremental', parent: made.id },
      ...{ shards: [objectsOf('d', 5)], earlier: made.parts.slice(0, 2) },
    });
    await destination.remove(made.id);
    await destination.remove(made.parts[2]!.id);
    const needed = [...made.parts.slice(0, 2), ...next.parts];
    const bytes = needed.reduce((sum, { record }) => sum + record.archive_bytes, 0);
    const result = await rolling(0, 0.5);
    expect(result).toMatchObject({
      ...{ status: 'ok', total_bytes: bytes + next.summary.archive_bytes, problems: [] },
      read_bytes: bytes + next.summary.archive_bytes,
    });
    expect(result.read.objects).toBe(85);
    const readings = await readReadings(destination);
    expect([...(readings?.archives.keys() ?? [])].sort()).toEqual(
      [next.id, ...needed.map(({ id }) => id)].sort(),
    );
  });

  it.each(FAULTS.slice(0, 4))('finds that a part %s', async (_, status, kinds, _quickly, spoil) => {
    await open();
    await spoil(1);
    const found = await rolling(0, 0.5);
    expect(found.status).toBe(status);
    expect(found.problems.map(({ id }) => id)).toContain(made.parts[1]!.id);
    expect(kinds).toBeDefined();
    if (kinds.includes('archive_missing')) return;
    // Damage is reported until it is mended.
    expect((await rolling(0.01)).status).not.toBe('ok');
  });

  it('finds that two backups tell different things of one part', async () => {
    await open();
    const next = await makeOfParts(destination, {
      ...{ at: NEXT, sequence: 2, type: 'incremental', parent: made.id },
      ...{ shards: [objectsOf('d', 5)], earlier: made.parts.slice(0, 2) },
    });
    await edit(next.id, ({ parts = [] }) => void (parts[0]!.archive.sha256 = '0'.repeat(64)));
    const { problems } = await rolling(0);
    expect(problems).toMatchObject([{ id: next.id, kind: 'summary' }]);
  });
});
