import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyByShares, verifyForHead } from '../../../../src/backup/verify/by-shares.js';
import { type VerifyResult, addProblem, newResult } from '../../../../src/backup/verify/result.js';
import {
  decodeShareResult,
  encodeShareResult,
} from '../../../../src/backup/verify/share-result.js';
import { verifyBackup } from '../../../../src/backup/verify/verify.js';
import { MangamotionError } from '../../../../src/errors.js';
import type { Destination } from '../../../../src/repository/destination.js';
import { NO_VAULT, type Vault } from '../../../../src/repository/encryption/vault.js';
import { FolderDestination } from '../../../../src/repository/folder/folder-destination.js';
import type { LocatedBackup } from '../../../../src/repository/located-backup.js';
import type { Share, ShareOutcome, Sharer } from '../../../../src/workers/sharer.js';
import { noise } from '../../../helpers/archive-samples.js';
import { NO_PROGRESS, temporaryFolder } from '../../../helpers/backups.js';
import { type MadeOfParts, makeOfParts, objectsOf } from '../../../helpers/backups-of-parts.js';
import { countingDestination } from '../../../helpers/counting-destination.js';
import { newVault } from '../../../helpers/vaults.js';

const AT = '2024-01-01T02:00:00.000Z';
const NEXT = '2024-01-02T02:00:00.000Z';

let folder: string;
let removeFolder: () => void;
let destination: FolderDestination;
let made: MadeOfParts;
let warnings: string[];
/** What became of the sharer of a head. */
let sharer: { opened: number; closed: number; shares: number };

beforeEach(() => {
  ({ folder, remove: removeFolder } = temporaryFolder());
  warnings = [];
  sharer = { opened: 0, closed: 0, shares: 0 };
});
afterEach(() => {
  removeFolder();
});

async function open(vault: Vault = NO_VAULT): Promise<void> {
  destination = await FolderDestination.open(folder, { vault });
  const shards = [objectsOf('a', 40), objectsOf('b', 40), objectsOf('c', 40)];
  made = await makeOfParts(destination, { at: AT, shards });
}

async function located(on: Destination = destination): Promise<LocatedBackup> {
  return { destination: on, backup: await on.read(made.id) };
}

const context = () => ({
  signal: new AbortController().signal,
  progress: { ...NO_PROGRESS, warn: (line: string) => warnings.push(line) },
});

type Answer = (share: Share) => Promise<ShareOutcome>;

/** What a worker answers that does as it is told. */
const honest: Answer = async (share) => ({
  result: await verifyForHead(context(), await located(), share),
  attempts: 1,
});

async function byShares(
  answer: Answer = honest,
  shares: number | 'by size' = 5,
  on: Destination = destination,
): Promise<VerifyResult> {
  const openSharer = (): Promise<Sharer> => {
    sharer.opened += 1;
    return Promise.resolve({
      name: 'workers of a test',
      share: async (of, options) => {
        expect(JSON.parse(options)).toEqual({});
        sharer.shares = of;
        return await Promise.all(
          Array.from({ length: of }, (_, at) => answer({ index: at + 1, of })),
        );
      },
      close: () => Promise.resolve(void (sharer.closed += 1)),
    });
  };
  return await verifyByShares(context(), await located(on), {
    openSharer,
    shares: shares === 'by size' ? undefined : shares,
  });
}

async function whole(on = destination): Promise<VerifyResult> {
  return await verifyBackup(context(), await located(on), { quick: false });
}

const sorted = ({ problems, ...rest }: VerifyResult) => ({
  ...rest,
  problems: problems.map((problem) => JSON.stringify(problem)).sort(),
});

async function flip(at: number, byte = 40): Promise<void> {
  const path = join(folder, made.parts[at]?.record.archive.file ?? '');
  const bytes = await readFile(path);
  bytes[byte] = (bytes[byte] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

describe('a verify by workers', () => {
  it.each([1, 2, 3, 7, 40, 'by size'] as const)(
    'in %s shares finds what one host does',
    async (shares) => {
      await open();
      expect(await byShares(honest, shares)).toEqual(await whole());
      expect(warnings).toEqual([]);
      expect(sharer).toEqual({ opened: 1, closed: 1, shares: shares === 'by size' ? 16 : shares });
      await flip(1);
      await rm(join(folder, made.parts[2]?.record.archive.file ?? ''));
      const damaged = await byShares(honest, shares);
      expect(damaged.status).toBe('incomplete');
      // That a part is missing is seen by each share, and told once.
      expect(sorted(damaged)).toEqual(sorted(await whole()));
      expect(warnings).toEqual([]);
    },
  );

  it('reads each byte once, and leaves all but the ends and what exists once to workers', async () => {
    await open();
    const inner = destination;
    const shards = ['a', 'b', 'c', 'd'].map((name) =>
      objectsOf(name, 12).map((object) => ({ ...object, content: noise(20_000, object.key) })),
    );
    made = await makeOfParts(inner, { at: NEXT, shards });
    const read = { head: 0, workers: 0 };
    const counted = (who: keyof typeof read) =>
      countingDestination(inner, folder, ({ length }) => (read[who] += length));
    const far: Answer = async (share) => ({
      result: await verifyForHead(context(), await located(counted('workers')), share),
      attempts: 1,
    });
    const result = await byShares(far, 6, counted('head'));
    expect(result).toMatchObject({ status: 'ok', objects: 48 });
    const { bytes } = made.summary;
    expect(bytes).toBe(960_000);
    expect(read.head).toBeLessThan(40_000);
    expect(read.workers).toBeGreaterThan(bytes);
    expect(read.workers).toBeLessThan(bytes + 200_000);
  });

  it('reads itself what no worker has read, and says why', async () => {
    await open();
    await flip(0);
    const failing: Answer = async (share) =>
      share.index % 2 === 1
        ? { failure: { code: 'unreachable', message: 'nothing has come' } }
        : await honest(share);
    expect(sorted(await byShares(failing, 4))).toEqual(sorted(await whole()));
    expect(warnings).toEqual(['this host reads 2 shares itself: nothing has come']);
  });

  it('has a result of its own if there is no worker at all', async () => {
    await open();
    const none: Answer = () => Promise.resolve({ failure: { code: 'internal', message: 'gone' } });
    expect(await byShares(none, 9)).toEqual(await whole());
    expect(warnings).toEqual(['this host reads 4 shares itself: gone']);
  });

  const lies: [string, RegExp, (told: Record<string, unknown>) => unknown][] = [
    ['no JSON', /cannot be read/, () => 'ok'],
    ['nothing', /cannot be read/, () => ({})],
    ['a status that is not known', /status is wrong/, (told) => ({ ...told, status: 'fine' })],
    ['a newer format', /format is wrong/, (told) => ({ ...told, format: 2 })],
    ['another share', /answered for share 3 of 5/, (told) => ({ ...told, share: 3 })],
    ['another number of shares', /for share 2 of 6/, (told) => ({ ...told, shares: 6 })],
    ['another backup', /another backup/, (told) => ({ ...told, id: 'x' })],
    ['a copy with other digests', /another backup/, (told) => ({ ...told, digest: 'x' })],
    ['no backup', /cannot read the backup/, (told) => ({ ...told, digest: '' })],
    ['no key', /no key/, (told) => ({ ...told, closed: true })],
    ['damage without a problem', /it is wrong/, (told) => ({ ...told, status: 'damaged' })],
    ['less than no objects', /objects is wrong/, (told) => ({ ...told, objects: -1 })],
  ];

  it.each(lies)('takes no answer about %s', async (_, reason, change) => {
    await open();
    const lying: Answer = async (share) => {
      const outcome = await honest(share);
      if (share.index !== 2 || !('result' in outcome)) return outcome;
      const told = JSON.parse(outcome.result) as Record<string, unknown>;
      return { attempts: 1, result: JSON.stringify(change(told)) };
    };
    expect(await byShares(lying)).toEqual(await whole());
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(reason);
  });

  it('finds that workers have not counted all objects', async () => {
    await open();
    const lazy: Answer = async (share) => {
      const outcome = await honest(share);
      if (!('result' in outcome)) return outcome;
      return { attempts: 1, result: outcome.result.replace('"objects":40', '"objects":39') };
    };
    const { status, problems } = await byShares(lazy);
    expect(status).toBe('damaged');
    expect(problems).toMatchObject([{ kind: 'directory', message: 'checked 117 of 120 objects' }]);
  });

  it('asks nobody if there is nothing to read', async () => {
    await open();
    await writeFile(join(folder, `${made.id}.json`), '{}');
    expect((await byShares()).status).toBe('damaged');
    expect(sharer.opened).toBe(0);
  });

  it('ends as its workers do where it is interrupted, and takes back its offers', async () => {
    await open();
    const interrupted = new MangamotionError('interrupted', 'interrupted');
    await expect(byShares(() => Promise.reject(interrupted))).rejects.toBe(interrupted);
    expect(sharer.closed).toBe(1);
  });

  it('reads an encrypted backup with its key, and without one the stored bytes', async () => {
    const vault = await newVault();
    await open(vault);
    expect(await byShares()).toEqual(await whole());
    const blind = await FolderDestination.open(folder);
    const blindly: Answer = async (share) => ({
      result: await verifyForHead(context(), await located(blind), share),
      attempts: 1,
    });
    const closed = await byShares(blindly, 3, blind);
    expect(closed).toEqual(await whole(blind));
    expect(closed).toMatchObject({ status: 'ok', objects: 120 });
    expect(await byShares(blindly, 'by size', blind)).toEqual(closed);
    expect(sharer.shares).toBe(8);
    expect(warnings).toEqual([]);
    // Workers without a key have read something else.
    expect(await byShares(blindly, 3)).toEqual(await whole());
    expect(await byShares(honest, 3, blind)).toEqual(closed);
    expect(warnings).toEqual([
      'this host reads 3 shares itself: the worker has no key that opens the backup',
      'this host reads 3 shares itself: the worker has read the backup with a key, and this host has none',
    ]);
    await flip(1, 4000);
    expect(sorted(await byShares(blindly, 3, blind))).toEqual(sorted(await whole(blind)));
  });
});

describe('the answer of a worker', () => {
  it('is short, whatever has been found, and is never taken for ok', async () => {
    await open();
    const share = { index: 1, of: 2 };
    const { backup } = await located();
    if (backup.summary.kind !== 'valid') throw new Error(backup.id);
    const { summary } = backup.summary;
    const found = newResult(made.id, false);
    const name = { bucket: 'sample', key: '\u0001'.repeat(8000) };
    for (let i = 0; i < 600; i++) addProblem(found, 'object', '\u0001'.repeat(5000), name);
    const text = encodeShareResult(found, share, summary);
    expect(text.length).toBeLessThanOrEqual(200_000);
    const read = decodeShareResult(text, share, { summary, isClosed: false });
    expect(read.status).toBe('damaged');
    expect(read.problems.length).toBeGreaterThan(0);
    expect(read.problems.length + read.problems_omitted).toBe(600);
    const long: Answer = (of) =>
      Promise.resolve({ attempts: 1, result: encodeShareResult(found, of, summary) });
    const merged = await byShares(long, 2);
    expect(merged.status).toBe('damaged');
    expect(merged.problems_omitted).toBeGreaterThan(1000);
  });
});
