import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { Directory } from '../../src/archive/directory.js';
import { listContents } from '../../src/backup/contents.js';
import { verifyBackup } from '../../src/backup/verify/verify.js';
import { locateBackup } from '../../src/repository/locate.js';
import type { Summary } from '../../src/repository/summary.js';
import { collect } from '../helpers/archive-memory.js';
import { NO_PROGRESS, temporaryFolder, withQuickRetries, restorePlan } from '../helpers/backups.js';
import { type Changes, FORMS, type Form, forgeBackup } from '../helpers/forged-backups.js';
import { expectSharesToAgree } from '../helpers/verify-shares.js';
import { testStore } from '../helpers/test-store.js';

/** Backups whose parts contradict one another, with digests that are right. */

const store = withQuickRetries(testStore());
let folder: string;

beforeEach(() => {
  const temporary = temporaryFolder();
  folder = temporary.folder;
  return temporary.remove;
});
afterAll(() => store.close());

const signal = new AbortController().signal;
const context = { signal, progress: NO_PROGRESS };

async function forge(form: Form, changes: Changes) {
  return await locateBackup(`${folder}/${await forgeBackup(folder, form, changes)}`);
}

async function verified(
  form: Form,
  changes: Changes,
  options: { quick?: boolean; sample?: number } = {},
) {
  const located = await forge(form, changes);
  const result = await verifyBackup(context, located, { quick: false, ...options });
  if (Object.keys(options).length === 0) await expectSharesToAgree(result, located, [1, 2, 4]);
  return result;
}

async function list(form: Form, changes: Changes) {
  return await collect(
    listContents(await forge(form, changes), { buckets: [], keys: [], prefixes: [] }),
  );
}

async function plan(form: Form, changes: Changes) {
  return await restorePlan(store, await forge(form, changes));
}

const bucketOf = (directory: Directory | Summary, name: string) =>
  directory.buckets.find((bucket) => bucket.name === name)!;

/** Moves an object from one bucket of the counts to another: all sums stay as they are. */
function moveCount(from: string, to: string) {
  return <Told extends Directory | Summary>(told: Told): Told => {
    bucketOf(told, from).objects -= 1;
    bucketOf(told, to).objects += 1;
    return told;
  };
}

describe.each(FORMS)('a forged backup (%s)', (form) => {
  it('that contradicts itself nowhere is a backup', async () => {
    expect(await verified(form, {})).toMatchObject({ status: 'ok', objects: 5, problems: [] });
    expect(await verified(form, {}, { quick: true })).toMatchObject({ status: 'ok' });
    expect(await verified(form, {}, { sample: 0.5 })).toMatchObject({ status: 'ok' });
    expect(await list(form, {})).toHaveLength(5);
    expect(await plan(form, {})).toMatchObject({ dry_run: true });
  });

  /** What no reader takes: nothing is listed, restored or compared with it. */
  const refused: [string, Changes][] = [
    [
      'a bucket that the chunks have is not in the directory',
      {
        directory: (directory) => {
          const [gone] = directory.buckets.splice(3, 1);
          bucketOf(directory, 'alpha').objects += gone!.objects;
          bucketOf(directory, 'alpha').bytes += gone!.bytes;
          return directory;
        },
      },
    ],
    [
      'a bucket within a chunk is not in the directory',
      {
        objects: [
          [
            ['alpha', 'a'],
            ['beta', 'b'],
            ['gamma', 'c'],
          ],
        ],
        directory: (directory) => {
          const [gone] = directory.buckets.splice(1, 1);
          bucketOf(directory, 'alpha').objects += gone!.objects;
          bucketOf(directory, 'alpha').bytes += gone!.bytes;
          return directory;
        },
      },
    ],
    [
      'the buckets have fewer objects than the chunks',
      { directory: (directory) => ({ ...directory, buckets: directory.buckets.slice(0, 3) }) },
    ],
    [
      'a bucket has objects that no chunk has',
      { directory: moveCount('beta', 'empty'), summary: moveCount('beta', 'empty') },
    ],
    [
      'a bucket has more objects than its lines',
      { directory: moveCount('beta', 'alpha'), summary: moveCount('beta', 'alpha') },
    ],
    [
      'two chunks have one place',
      {
        directory: (directory) => {
          const [first, second] = directory.chunks;
          Object.assign(second!, { offset: first!.offset, path: first!.path });
          return directory;
        },
      },
    ],
    ['a chunk has two lines for one key', { lines: (lines) => [lines[0]!, ...lines] }],
    [
      'two chunks have lines for one key',
      {
        objects: [[['alpha', 'a']], [['alpha', 'a']]],
      },
    ],
    ['a place is negative', { lines: (lines) => lines.map((line) => ({ ...line, offset: -1 })) }],
    [
      'a size is beyond all',
      { lines: (lines) => lines.map((line) => ({ ...line, size: 2 ** 60 })) },
    ],
  ];

  it.each(refused)('is damaged for all that read it: %s', async (_, changes) => {
    const damaged = { code: 'damaged' };
    expect((await verified(form, changes)).status).not.toBe('ok');
    await expect(list(form, changes)).rejects.toMatchObject(damaged);
    await expect(plan(form, changes)).rejects.toMatchObject(damaged);
  });

  /** What a reader need not see, and verify has to. */
  const found: [string, string, RegExp, Changes][] = [
    [
      'two lines have one file',
      'object',
      /is not its own/,
      {
        lines: (lines, chunk) =>
          chunk > 0 ? lines : [lines[0], { ...lines[0], key: 'a2' }, ...lines.slice(1)],
      },
    ],
    [
      'lines of two chunks have one file',
      'object',
      /is not its own/,
      {
        lines: (() => {
          let first: unknown;
          return (lines, chunk) => {
            first ??= lines[0];
            return chunk === 0
              ? lines
              : [{ ...(first as object), bucket: 'beta', key: 'z' }, lines[1]];
          };
        })(),
      },
    ],
    [
      'an object lies beyond the end',
      'object',
      form === 'tar' ? /beyond the end|not those/ : /beyond the end/,
      { lines: (lines) => lines.map((line) => ({ ...line, offset: 2 ** 50 })) },
    ],
    [
      'an object lies in an archive that the summary does not name',
      'object',
      /does not name/,
      {
        lines: (lines) =>
          lines.map((line) => ({ ...line, archive: 'minio_backup_full_20200101_000000' })),
      },
    ],
    [
      'the summary needs an archive in which nothing lies',
      'summary',
      /which holds nothing of this backup/,
      { summary: (summary) => ({ ...summary, references: [summary.id] }) },
    ],
    [
      'the summary has fewer buckets',
      'directory',
      /the summary does not have it/,
      { summary: (summary) => ({ ...summary, buckets: summary.buckets.slice(1) }) },
    ],
    [
      'the summary has more buckets',
      'directory',
      /the directory does not/,
      {
        summary: (summary) => ({
          ...summary,
          buckets: [...summary.buckets, { name: 'more', objects: 0, bytes: 0 }],
        }),
      },
    ],
    [
      'the summary has other counts of a bucket',
      'directory',
      /the summary says/,
      { summary: moveCount('beta', 'alpha') },
    ],
    [
      'the summary counts other objects',
      'directory',
      /does not hold the objects/,
      { summary: (summary) => ({ ...summary, bytes: summary.bytes + 1 }) },
    ],
    [
      'the type is not that of the name',
      'summary',
      /type incremental/,
      { summary: (summary) => ({ ...summary, type: 'incremental' }) },
    ],
    [
      'the time is not that of the name',
      'summary',
      /2024-01-15T03/,
      { summary: (summary) => ({ ...summary, created_at: '2024-01-15T03:00:00.000Z' }) },
    ],
    [
      'a captured document is not there',
      'document',
      /policy of bucket "alpha" is missing/,
      { directory: (directory) => ({ ...directory, documents: directory.documents.slice(0, 1) }) },
    ],
    [
      'a document is there that the summary calls none',
      'document',
      /calls it none/,
      {
        summary: (summary) => {
          summary.fidelity.documents[0]!.state = 'none';
          return summary;
        },
      },
    ],
    [
      'a document is there of which the summary says nothing',
      'document',
      /the summary does not have it/,
      {
        summary: (summary) => {
          summary.fidelity.documents = [];
          return summary;
        },
      },
    ],
    [
      'a document belongs to a bucket that is not there',
      'document',
      /belongs to no bucket/,
      {
        directory: (directory) => {
          directory.documents[1]!.path = directory.documents[1]!.path.replace('alpha', 'other');
          return directory;
        },
      },
    ],
    [
      'two documents have one file',
      'document',
      /two documents share one file/,
      {
        directory: (directory) => ({
          ...directory,
          documents: [...directory.documents, directory.documents[1]],
        }),
      },
    ],
    [
      'the list of buckets has another one',
      'document',
      /does not have the buckets of the directory/,
      {
        document: (path, content) =>
          path.endsWith('buckets.json') ? content.replace('beta', 'bets') : content,
      },
    ],
    [
      'the list of buckets is not there',
      'document',
      /buckets\.json is missing/,
      { directory: (directory) => ({ ...directory, documents: directory.documents.slice(1) }) },
    ],
  ];

  it.each(found)('is damaged for verify: %s', async (_, kind, words, changes) => {
    const { status, problems } = await verified(form, changes);
    expect(status).toBe('damaged');
    expect(problems.filter((one) => one.kind === kind && words.test(one.message))).not.toEqual([]);
  });

  const quickly = found.filter(([, kind]) => kind !== 'object' && kind !== 'summary');
  it.each(quickly.filter(([what]) => !what.includes('list of buckets has')))(
    'is damaged for a quick look: %s',
    async (_, kind, words, changes) => {
      const { status, problems } = await verified(form, changes, { quick: true });
      expect(status).toBe('damaged');
      expect(problems.filter((one) => one.kind === kind && words.test(one.message))).not.toEqual(
        [],
      );
    },
  );

  it.each(found)(
    'is damaged for a sample that reads no object: %s',
    async (_, kind, words, changes) => {
      const { status, problems } = await verified(form, changes, { sample: 1e-9 });
      expect(status).toBe('damaged');
      expect(problems.filter((one) => one.kind === kind && words.test(one.message))).not.toEqual(
        [],
      );
    },
  );
});

describe('an archive with a chunk that its directory leaves out', () => {
  it.each(FORMS)('is damaged for verify: the objects are in no count (%s)', async (form) => {
    const forget = (directory: Directory): Directory => {
      const [gone] = directory.chunks.splice(1, 1);
      directory.objects -= gone!.objects;
      directory.bytes -= gone!.bytes;
      bucketOf(directory, 'gamma').objects = 0;
      bucketOf(directory, 'gamma').bytes = 0;
      bucketOf(directory, 'beta').objects -= 1;
      bucketOf(directory, 'beta').bytes -= 'content of beta/z'.length;
      return directory;
    };
    const summary = (told: Summary): Summary => {
      told.objects.captured = 3;
      told.bytes -= 'content of beta/z'.length + 'content of gamma/only'.length;
      bucketOf(told, 'gamma').objects = 0;
      bucketOf(told, 'gamma').bytes = 0;
      bucketOf(told, 'beta').objects -= 1;
      bucketOf(told, 'beta').bytes -= 'content of beta/z'.length;
      return told;
    };
    const { status, problems } = await verified(form, { directory: forget, summary });
    expect(status).toBe('damaged');
    expect(problems.map(({ kind }) => kind)).toContain(form === 'tar' ? 'chunk' : 'unexpected');
  });
});
