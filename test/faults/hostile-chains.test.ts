import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Directory } from '../../src/archive/directory.js';
import { encodeIndexLine } from '../../src/archive/index-line.js';
import { parseChunk } from '../../src/archive/reader.js';
import { backUpFull } from '../../src/backup/full.js';
import { chooseBackup } from '../../src/repository/choose-backup.js';
import { FolderDestination } from '../../src/repository/folder/folder-destination.js';
import { openDestination } from '../../src/repository/locate.js';
import { CLAIMS_FOLDER } from '../../src/lock/claim.js';
import type { Summary } from '../../src/repository/summary.js';
import { encodeSummary } from '../../src/repository/summary-codec.js';
import {
  NO_PROGRESS,
  backUp,
  backUpChanges,
  filesIn,
  restoreInto,
  temporaryFolder,
  verify,
  withQuickRetries,
} from '../helpers/backups.js';
import { run, runJson, runProcess } from '../helpers/cli.js';
import { seed, snapshot } from '../helpers/seed.js';
import {
  contentOf,
  freshBucket,
  freshBucketName,
  removeBucket,
  testStore,
} from '../helpers/test-store.js';

/** What lies at a destination may be anything: it ends in a finding, never in a bug or a wait. */

const store = withQuickRetries(testStore());
let bucket: string;
let folder: string;

beforeAll(async () => {
  bucket = await freshBucket(store);
  const keys = ['a', 'b', endingKey(bucket, 'c/'), 'd', endingKey(bucket, 'e/'), 'f'];
  await seed(
    store,
    bucket,
    keys.map((key) => ({ key, content: Buffer.from(`content of ${key}`) })),
  );
});
beforeEach(() => {
  const temporary = temporaryFolder();
  folder = temporary.folder;
  return temporary.remove;
});
afterAll(async () => {
  await removeBucket(store, bucket);
  store.close();
});

/** An index chunk ends at such a key. */
function endingKey(name: string, prefix: string): string {
  for (let n = 0; ; n++) if (crc32(`${name}\0${prefix}${n}`) % 8192 === 0) return `${prefix}${n}`;
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

async function readSummary(id: string): Promise<Summary> {
  const json = JSON.parse(await readFile(join(folder, `${id}.json`), 'utf8')) as Summary & {
    digest?: string;
  };
  delete json.digest;
  return json;
}

async function changeSummary(id: string, change: (summary: Summary) => void): Promise<void> {
  const summary = await readSummary(id);
  change(summary);
  await writeFile(join(folder, `${id}.json`), encodeSummary(summary));
}

async function plainFull(): Promise<string> {
  const destination = await FolderDestination.open(folder, { plain: true });
  return (await backUp(store, folder, [bucket], { destination })).id;
}

/** Changes the directory of a plain backup, and makes all digests right again. */
async function changeDirectory(
  id: string,
  change: (directory: Directory) => Promise<void> | void,
): Promise<void> {
  const path = join(folder, id, 'index/directory.json');
  const old = await readFile(path);
  const directory = JSON.parse(old.toString()) as Directory;
  await change(directory);
  const bytes = Buffer.from(`${JSON.stringify(directory)}\n`);
  await writeFile(path, bytes);
  await changeSummary(id, (summary) => {
    summary.archive_bytes += bytes.length - old.length;
    summary.archive.sha256 = sha256(bytes);
    summary.archive.directory = { offset: 0, length: bytes.length, sha256: sha256(bytes) };
  });
}

describe('a parent whose directory lies', () => {
  const lies: [string, (directory: Directory) => Promise<void> | void][] = [
    ['has its chunks out of order', ({ chunks }) => void chunks.reverse()],
    [
      'names a chunk twice',
      (directory) => {
        const [first] = directory.chunks;
        directory.chunks.unshift(first!);
        directory.objects += first!.objects;
        directory.bytes += first!.bytes;
      },
    ],
    [
      'lets chunks overlap',
      ({ chunks }) => {
        chunks[0]!.last = chunks[1]!.last;
      },
    ],
    ['counts more objects than its chunks', (directory) => void (directory.objects += 1)],
    ['counts fewer bytes than its chunks', (directory) => void (directory.bytes -= 1)],
    [
      'counts more objects in a chunk than there are',
      (directory) => {
        directory.objects += 1;
        directory.chunks[1]!.objects += 1;
      },
    ],
    [
      'counts more bytes in a chunk than there are',
      (directory) => {
        directory.bytes += 1;
        directory.chunks[1]!.bytes += 1;
      },
    ],
    [
      'lets a chunk begin before it does',
      ({ chunks }) => {
        chunks[1]!.first.key = `${chunks[0]!.last.key}~`;
      },
    ],
    ['has a wrong digest of a chunk', ({ chunks }) => void (chunks[1]!.sha256 = '0'.repeat(64))],
    [
      'has a chunk in an archive that the summary does not name',
      ({ chunks }) => void (chunks[1]!.archive = 'minio_backup_full_20200101_000000'),
    ],
    ['has a chunk outside', ({ chunks }) => void (chunks[1]!.archive = '../../etc/passwd')],
    [
      'has a line in an archive that the summary does not name',
      async ({ chunks }) => {
        const chunk = chunks[1]!;
        const path = join(folder, chunk.path!);
        const lines = parseChunk(await readFile(path), 0);
        lines[0]!.archive = '../minio_backup_full_20200101_000000';
        const bytes = Buffer.from(lines.map(encodeIndexLine).join(''));
        await writeFile(path, bytes);
        [chunk.size, chunk.length, chunk.sha256] = [bytes.length, bytes.length, sha256(bytes)];
      },
    ],
  ];

  it.each(lies)('%s: is damaged, and nothing is made of it', async (_, lie) => {
    const id = await plainFull();
    await changeDirectory(id, lie);
    const before = await filesIn(folder);
    await expect(backUpChanges(store, folder, [bucket])).rejects.toMatchObject({
      code: 'damaged',
    });
    expect(await filesIn(folder)).toEqual(before);
    expect((await verify(folder, id)).status).not.toBe('ok');
  });

  it('ends the program with status 5', async () => {
    const id = await plainFull();
    await changeDirectory(id, ({ chunks }) => void chunks.reverse());
    const { exitCode, stderr } = await run(['backup', 'incremental', folder, '--bucket', bucket]);
    expect(exitCode).toBe(5);
    expect(stderr).toMatch(/it begins before the previous one ends/);
  });

  it('is not the end where another one is named', async () => {
    const good = await plainFull();
    const bad = await plainFull();
    await changeDirectory(bad, ({ chunks }) => void chunks.reverse());
    expect(await backUpChanges(store, folder, [bucket], { parent: good })).toMatchObject({
      parent: good,
      status: 'complete',
    });
  });

  it('is damaged in the middle of a chain too, and later fulls are not', async () => {
    const full = await plainFull();
    const link = await backUpChanges(store, folder, [bucket]);
    await backUpChanges(store, folder, [bucket]);
    const chunk = join(folder, full, 'index/00001.ndjson');
    await writeFile(chunk, (await readFile(chunk)).fill(0x20, 0, 1));
    await expect(backUpChanges(store, folder, [bucket])).rejects.toMatchObject({ code: 'damaged' });
    expect(await verify(folder, link.id)).toMatchObject({
      status: 'damaged',
      problems: [{ kind: 'chunk' }],
    });
    const { id } = await backUp(store, folder, [bucket]);
    expect(await backUpChanges(store, folder, [bucket])).toMatchObject({ parent: id });
  });
});

describe('a summary that lies', () => {
  it('about its number, the highest there is: backups after it are whole, and newer', async () => {
    const { id } = await backUp(store, folder, [bucket]);
    await changeSummary(id, (summary) => void (summary.sequence = Number.MAX_SAFE_INTEGER));
    const next = await backUpChanges(store, folder, [bucket]);
    const last = await backUpChanges(store, folder, [bucket]);
    expect(last.parent).toBe(next.id);
    const backups = await (await openDestination(folder)).list();
    expect(backups.map((backup) => [backup.id, backup.summary.kind])).toEqual(
      [id, next.id, last.id].map((name) => [name, 'valid']),
    );
    expect(chooseBackup(backups, undefined, folder).backup.id).toBe(last.id);
  });

  it.each<[string, (summary: Summary) => void]>([
    ['with an id that leads elsewhere', (summary) => void (summary.id = '../escape')],
    ['with a reference elsewhere', (summary) => void summary.references.push('../../escape')],
    ['with a parent that is none', (summary) => void (summary.parent = '/etc/passwd')],
    ['with a time that is none', (summary) => void (summary.created_at = 'yesterday')],
    ['with a number beyond all', (summary) => void (summary.sequence = 1e300)],
  ])('%s: is damaged, told by all, and no parent', async (_, lie) => {
    const { id } = await backUp(store, folder, [bucket]);
    await changeSummary(id, lie);
    expect(await verify(folder, id)).toMatchObject({
      status: 'damaged',
      problems: [{ kind: 'summary' }],
    });
    expect(await backUpChanges(store, folder, [bucket])).toMatchObject({ type: 'full' });
  });

  it('about how large things are: is damaged, and takes no memory', async () => {
    const { id } = await backUp(store, folder, [bucket]);
    const whole = await readSummary(id);
    for (const place of [
      { ...whole.archive.directory, length: Number.MAX_SAFE_INTEGER },
      { ...whole.archive.directory, offset: Number.MAX_SAFE_INTEGER },
    ]) {
      await changeSummary(id, (summary) => void (summary.archive.directory = place));
      expect(await verify(folder, id)).toMatchObject({ status: 'damaged' });
      await expect(backUpChanges(store, folder, [bucket])).rejects.toMatchObject({
        code: 'damaged',
      });
    }
  });

  it('by naming itself, or in a ring: is listed and pruned to an end', async () => {
    const [one, two] = [
      await backUp(store, folder, [bucket]),
      await backUp(store, folder, [bucket]),
    ];
    await changeSummary(one.id, (summary) => void summary.references.push(one.id, two.id));
    await changeSummary(two.id, (summary) => void summary.references.push(one.id));
    expect(await verify(folder, two.id)).toMatchObject({
      status: 'damaged',
      problems: [{ kind: 'summary' }],
    });
    const next = await backUpChanges(store, folder, [bucket]);
    expect(await verify(folder, next.id)).toMatchObject({ status: 'ok', problems: [] });
    const prune = ['backup', 'prune', folder, '--keep-last', '1'];
    expect((await run(prune)).exitCode).toBe(0);
    expect(await verify(folder, next.id)).toMatchObject({ status: 'ok', problems: [] });
  });
});

describe('--parent', () => {
  it.each([
    ['of another type', 8, 'minio_backup_metadata_20240115_020000'],
    ['that is being made', 4, 'minio_backup_full_20240115_030000'],
    ['that leads elsewhere', 4, '../elsewhere'],
  ])('%s is refused with status %i', async (_, status, parent) => {
    const { id } = await backUp(store, folder, [bucket]);
    for (const suffix of ['.json', '.tar.gz']) {
      const name = 'minio_backup_metadata_20240115_020000';
      await writeFile(join(folder, name + suffix), await readFile(join(folder, id + suffix)));
    }
    await changeSummary('minio_backup_metadata_20240115_020000', (summary) => {
      summary.id = 'minio_backup_metadata_20240115_020000';
      summary.type = 'metadata';
    });
    await writeFile(join(folder, 'minio_backup_full_20240115_030000.tar.gz.partial'), '');
    const args = ['backup', 'incremental', folder, '--bucket', bucket, '--parent', parent];
    expect((await run(args)).exitCode).toBe(status);
  });
});

describe('a clock that goes back', () => {
  it('changes no order: the newest is the one that was made last', async () => {
    const first = await backUp(store, folder, [bucket]);
    const second = await backUpFull(
      {
        store,
        destination: await openDestination(folder),
        clock: { now: () => new Date('2020-02-02T02:02:02Z'), sleep: () => Promise.resolve() },
        signal: new AbortController().signal,
        progress: NO_PROGRESS,
        tool: 'test',
      },
      { selection: { only: [bucket], excluded: [] }, ignoreFreeSpace: false, waitLockMs: 0 },
    );
    expect(second.id).toBe('minio_backup_full_20200202_020202');
    expect(second.sequence).toBe(first.sequence + 1);
    const next = await backUpChanges(store, folder, [bucket]);
    expect(next.parent).toBe(second.id);
    const shown = await runJson<{ id: string }>(['backup', 'show', folder, '--latest']);
    expect(shown.answer.id).toBe(next.id);
  });
});

describe('what is not a file', () => {
  const ID = 'minio_backup_full_20240115_020000';
  const pipe = (name: string) => execFileSync('mkfifo', [join(folder, name)]);

  it('under the name of a left-over goes, and is neither read nor followed', async () => {
    const outside = temporaryFolder();
    await writeFile(join(outside.folder, 'mine'), 'stays');
    pipe(`${ID}.tar.gz.partial`);
    pipe('minio_backup_full_20240115_020001.json.partial');
    const linked = (name: string, to: string) => symlink(to, join(folder, name));
    await linked('minio_backup_full_20240115_020002.tar.gz.partial', join(outside.folder, 'mine'));
    await linked('minio_backup_full_20240115_020003.partial', outside.folder);
    await linked('minio_backup_full_20240115_020004.tar.gz.partial', '/dev/zero');
    const tree = join(folder, 'minio_backup_full_20240115_020005.partial');
    await mkdir(join(tree, 'data'), { recursive: true });
    await symlink(outside.folder, join(tree, 'index'));
    await symlink(outside.folder, join(tree, 'data', bucket));
    await symlink('/', join(tree, 'root'));
    const flat = join(folder, 'minio_backup_full_20240115_020006.partial');
    await mkdir(flat);
    await writeFile(join(flat, 'index'), 'no folder');
    const piped = join(folder, 'minio_backup_full_20240115_020007.partial');
    await mkdir(join(piped, 'index'), { recursive: true });
    execFileSync('mkfifo', [join(piped, 'index/00000.ndjson')]);

    const { id } = await backUp(store, folder, [bucket]);
    expect(await filesIn(folder)).toEqual([`${id}.json`, `${id}.tar.gz`]);
    expect(await readdir(outside.folder)).toEqual(['mine']);
    expect(await readFile(join(outside.folder, 'mine'), 'utf8')).toBe('stays');
    outside.remove();
  });

  it('under the name of a summary is a damaged one', async () => {
    pipe(`${ID}.json`);
    await symlink('/dev/zero', join(folder, 'minio_backup_full_20240115_020001.json'));
    const { id } = await backUp(store, folder, [bucket]);
    expect((await verify(folder, ID)).problems).toMatchObject([{ kind: 'summary' }]);
    const backups = await (await openDestination(folder)).list();
    expect(backups.map(({ summary }) => summary.kind)).toEqual(['valid', 'damaged', 'damaged']);
    expect(backups[0]?.id).toBe(id);
  });

  it('under the name of an archive is damage, and no parent', async () => {
    const { id } = await backUp(store, folder, [bucket]);
    await rm(join(folder, `${id}.tar.gz`));
    pipe(`${id}.tar.gz`);
    for (const command of [['restore'], ['backup', 'ls'], ['backup', 'verify']]) {
      expect((await run([...command, join(folder, id)])).exitCode).toBe(5);
    }
    expect((await backUpChanges(store, folder, [bucket])).type).toBe('full');
  });

  it('under the name of the lock is told, with status 2', async () => {
    await writeFile(join(folder, CLAIMS_FOLDER), '');
    const names = await filesIn(folder);
    const args = ['backup', 'full', folder, '--bucket', bucket];
    expect((await run(args)).exitCode).toBe(2);
    expect(await filesIn(folder)).toEqual(expect.arrayContaining(names));
  });
});

describe('a destination that goes away in the middle of a backup', () => {
  it('is told, and is not made again', async () => {
    const going = join(folder, 'going');
    await mkdir(going);
    const removing = {
      ...store,
      listObjects: async function* (...args: Parameters<typeof store.listObjects>) {
        await rm(going, { recursive: true, force: true, maxRetries: 9, retryDelay: 5 });
        yield* store.listObjects(...args);
      },
    };
    await expect(backUp(removing, going, [bucket])).rejects.toMatchObject({
      name: 'MangamotionError',
      code: expect.not.stringMatching('internal') as unknown,
    });
    expect(await filesIn(folder)).toEqual([]);
  });
});

describe('two that want the same destination', () => {
  it('incrementals: one is made, the other is locked out or comes after it', async () => {
    await backUp(store, folder, [bucket]);
    const args = ['backup', 'incremental', folder, '--bucket', bucket];
    const runs = await Promise.all([1, 2, 3].map(() => runProcess(args)));
    expect(runs.map(({ exitCode }) => exitCode)).toContain(0);
    for (const { exitCode } of runs) expect([0, 7]).toContain(exitCode);
    const backups = await (await openDestination(folder)).list();
    for (const { id } of backups) expect(await verify(folder, id)).toMatchObject({ status: 'ok' });
  });

  it('an incremental and a prune of its parent: what is there at the end is whole', async () => {
    const full = await backUp(store, folder, [bucket]);
    await backUp(store, folder, [bucket]);
    const wait = ['--wait-lock', '2m'];
    const [made, pruned] = await Promise.all([
      runProcess([
        'backup',
        'incremental',
        folder,
        '--bucket',
        bucket,
        '--parent',
        full.id,
        ...wait,
      ]),
      runProcess(['backup', 'prune', folder, '--keep-last', '1', ...wait]),
    ]);
    // Whichever came first: a parent that was pruned before is not found.
    expect([0, 4]).toContain(made.exitCode);
    expect(pruned.exitCode).toBe(0);
    const backups = await (await openDestination(folder)).list();
    expect(backups.length).toBeGreaterThan(0);
    for (const { id } of backups) expect(await verify(folder, id)).toMatchObject({ status: 'ok' });
    const target = freshBucketName();
    await restoreInto(store, folder, backups.at(-1)!.id, { from: bucket, to: target });
    expect(await snapshot(store, target)).toEqual(await snapshot(store, bucket));
    await removeBucket(store, target);
  });
});

describe('an object that is replaced while an incremental reads it', () => {
  it('is taken as it is then, and counted as changed', async () => {
    await backUp(store, folder, [bucket]);
    await store.putObject(bucket, 'a', contentOf('one'));
    let replaced = false;
    const replacing = {
      ...store,
      listObjects: async function* (...args: Parameters<typeof store.listObjects>) {
        for await (const page of store.listObjects(...args)) {
          if (!replaced) await store.putObject(bucket, 'a', contentOf('two, longer'));
          replaced = true;
          yield page;
        }
      },
    };
    const made = await backUpChanges(replacing, folder, [bucket]);
    expect(made.objects).toMatchObject({ captured: 1, changed: 1, failed: 0 });
    expect(await verify(folder, made.id)).toMatchObject({ status: 'ok' });
    const target = freshBucketName();
    await restoreInto(store, folder, made.id, { from: bucket, to: target });
    expect(await snapshot(store, target)).toEqual(await snapshot(store, bucket));
    await removeBucket(store, target);
  });
});
