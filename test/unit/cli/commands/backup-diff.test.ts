import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { DiffRow } from '../../../../src/backup/diff/row.js';
import type { DiffTotals } from '../../../../src/backup/diff/totals.js';
import type { FoundVersion } from '../../../../src/backup/find/version-history.js';
import type { Summary } from '../../../../src/repository/summary.js';
import { decodeSummary, encodeSummary } from '../../../../src/repository/summary-codec.js';
import { temporaryFolder } from '../../../helpers/backups.js';
import { runHere } from '../../../helpers/in-process.js';

/** `backup diff` and `backup find` as commands, over backups that an earlier version made. */

const CHAIN = join(import.meta.dirname, '../../../golden/v1-chain');
const FULL = 'minio_backup_full_20261124_141655';
const NEXT = 'minio_backup_incremental_20261124_141704';
const LAST = 'minio_backup_incremental_20261124_141710';
const METADATA = 'minio_backup_metadata_20261124_141713';
const { folder, remove } = temporaryFolder();
afterAll(remove);

interface DiffDocument {
  before: { backup: string; path: string };
  after: { backup: string; path: string };
  changes: DiffRow[];
  objects_compared: boolean;
  total: DiffTotals;
  notes: string[];
  error?: { code: string };
}

async function run(...args: string[]) {
  const outcome = await runHere(['backup', ...args]);
  return { ...outcome, json: () => JSON.parse(outcome.stdout) as unknown };
}

function copyOf(name: string): string {
  const copy = join(folder, name);
  cpSync(CHAIN, copy, { recursive: true });
  return copy;
}

function summaryIn(of: string, id: string): Summary {
  const decoded = decodeSummary(readFileSync(join(of, `${id}.json`)));
  if (decoded.kind !== 'valid') throw new Error(decoded.kind);
  return decoded.summary;
}

/** Overwrites the index chunk in front of the directory. */
function damage(of: string, id: string): void {
  const archive = join(of, `${id}.tar.gz`);
  const { offset } = summaryIn(of, id).archive.directory;
  writeFileSync(archive, readFileSync(archive).fill(0, offset - 300, offset - 200));
}

describe('backup diff', () => {
  it('prints each difference with both states, and the sums', async () => {
    const { exitCode, json } = await run('diff', FULL, NEXT, CHAIN, '--json');
    const { changes, ...rest } = json() as DiffDocument;
    expect(changes).toMatchObject([
      {
        change: 'changed',
        kind: 'object',
        bucket: 'originals',
        key: '4711/page-1.png',
        what: ['bytes', 'headers', 'metadata', 'tags'],
        before: { size: 8, metadata: expect.any(Object) as object },
        after: { size: 24 },
        reason: null,
      },
      { change: 'added', key: '4713/new.png', before: null, after: { size: 3 } },
    ]);
    expect(rest).toMatchObject({
      before: { backup: FULL, path: join(CHAIN, FULL) },
      after: { backup: NEXT },
      objects_compared: true,
      total: { differences: 2, unchanged: { objects: 5, rewritten: 0 } },
      not_compared: [],
    });
    expect(exitCode).toBe(0);
  });

  it('ends with 5 if that is asked for and there is a difference', async () => {
    const [one, other] = [join(CHAIN, FULL), join(CHAIN, NEXT)];
    expect((await run('diff', one, other, '--exit-code')).exitCode).toBe(5);
    const same = await run('diff', one, `${one}.tar.gz`, '--exit-code');
    expect(same.exitCode).toBe(0);
    expect(same.stdout).toMatch(/^no differences\n/);
  });

  it('chooses by time and by age', async () => {
    const args = ['diff', CHAIN, CHAIN, '--at', '2026-11-24 14:16:59', '--latest', '--summary'];
    const { exitCode, json } = await run(...args, '--json');
    expect(json()).toMatchObject({
      before: { backup: FULL },
      after: { backup: LAST },
      total: {
        differences: 4,
        added: { objects: 2 },
        removed: { objects: 1 },
        changed: { objects: 1 },
      },
    });
    expect(json()).not.toHaveProperty('changes');
    expect(exitCode).toBe(0);
    const { stdout } = await run('diff', CHAIN, join(CHAIN, LAST), '--latest', '--summary');
    expect(stdout).toBe(
      '0 objects added (0 B), 0 removed (0 B), 0 changed (0 B before, 0 B after), 7 unchanged\n',
    );
  });

  it('prints rows for spreadsheets', async () => {
    const { stdout } = await run(
      'diff',
      FULL,
      NEXT,
      CHAIN,
      '--csv',
      '--fields',
      'change,key,after.size',
    );
    expect(stdout).toBe(
      'change,key,after.size\r\nchanged,4711/page-1.png,24\r\nadded,4713/new.png,3\r\n',
    );
  });

  it.each([
    ['no second one', [join(CHAIN, FULL)], /nothing to compare with/],
    ['a second one and the store', [join(CHAIN, FULL), join(CHAIN, NEXT), '--store'], /--store/],
    ['a path and a destination', [join(CHAIN, FULL), NEXT, CHAIN], /must be the name of a backup/],
    ['names and --latest', [FULL, NEXT, CHAIN, '--latest'], /need a destination/],
    ['a destination alone', [CHAIN, join(CHAIN, NEXT)], /is a folder, not a backup/],
    ['a line without a choice', [CHAIN, CHAIN, '--line', 'x'], /--line needs/],
    ['an unknown field', [FULL, NEXT, CHAIN, '--json', '--fields', 'nmae'], /no field nmae/],
    ['the summary as CSV', [FULL, NEXT, CHAIN, '--csv', '--summary'], /no rows/],
  ])('refuses %s', async (_what, args, message) => {
    const { exitCode, stderr } = await run('diff', ...args);
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(2);
  });

  it('ends with 4 for a backup that is not there', async () => {
    const { exitCode } = await run('diff', FULL, 'minio_backup_full_20200101_000000', CHAIN);
    expect(exitCode).toBe(4);
  });

  it('tells damage as such, also within the document', async () => {
    const damaged = copyOf('damaged');
    damage(damaged, NEXT);
    const { exitCode, json } = await run('diff', FULL, NEXT, damaged, '--json', '--exit-code');
    expect(json()).toMatchObject({ error: { code: 'damaged' } });
    expect(json()).not.toHaveProperty('total');
    expect(exitCode).toBe(5);
  });

  it('compares nothing of objects with a backup that has none, and says so', async () => {
    const { exitCode, stdout, stderr } = await run('diff', FULL, METADATA, CHAIN);
    expect(stdout).toBe('no differences in what is compared\nobjects are not compared\n');
    expect(stderr).toContain('holds no objects');
    expect(exitCode).toBe(3);
    expect((await run('diff', METADATA, METADATA, CHAIN)).exitCode).toBe(0);
  });

  it('ends with 3 if something is unknown', async () => {
    const partial = copyOf('partial');
    const summary = summaryIn(partial, NEXT);
    const failures = [{ bucket: 'originals', key: '4712', reason: 'no answer' }];
    const changed = encodeSummary({ ...summary, status: 'partial', failures });
    writeFileSync(join(partial, `${NEXT}.json`), changed);
    const { exitCode, stdout } = await run('diff', FULL, NEXT, partial);
    expect(stdout).toMatch(/unknown .*4712 +.*could not read it: no answer/);
    expect(stdout).toContain('1 unknown');
    expect(exitCode).toBe(3);
  });

  it('refuses what backup-minio.sh made', async () => {
    const old = copyOf('old');
    writeFileSync(join(old, 'minio_backup_full_20230101_000000.tar.gz'), 'old');
    const { exitCode, stderr } = await run('diff', 'minio_backup_full_20230101_000000', FULL, old);
    expect(stderr).toContain('made by backup-minio.sh');
    expect(exitCode).toBe(8);
  });
});

describe('backup find', () => {
  it('prints the versions of an object', async () => {
    const { exitCode, json } = await run('find', 'originals/4711/page-1.png', CHAIN, '--json');
    const { versions, ...rest } = json() as { versions: FoundVersion[] };
    expect(versions).toMatchObject([
      { size: 8, first_backup: FULL, last_backup: FULL, backups: 1, in_newest: false },
      { size: 24, first_backup: NEXT, last_backup: LAST, backups: 2, in_newest: true },
    ]);
    expect(rest).toEqual({ searched: 3, unread: [] });
    expect(exitCode).toBe(0);
  });

  it('ends with 4 if no backup has it, and every one could be read', async () => {
    const { exitCode, stderr } = await run('find', 'nowhere', CHAIN);
    expect(stderr).toContain('(3 backups searched)');
    expect(exitCode).toBe(4);
    expect((await run('find', '4712', CHAIN, '--bucket', 'processed')).exitCode).toBe(4);
    expect((await run('find', '', CHAIN)).exitCode).toBe(2);
  });

  it('ends with 3 if a backup could not be searched, whatever was found', async () => {
    const broken = copyOf('broken');
    rmSync(join(broken, `${NEXT}.tar.gz`));
    const found = await run('find', '4712', broken, '--csv', '--fields', 'key,last_backup');
    expect(found.stdout).toBe(`key,last_backup\r\n4712,${LAST}\r\n`);
    expect(found.stderr).toContain(`${NEXT} was not searched`);
    expect(found.exitCode).toBe(3);
    const missing = await run('find', 'nowhere', broken);
    expect(missing.stdout).toBe('not found in the backups that could be searched\n');
    expect(missing.exitCode).toBe(3);
  });
});
