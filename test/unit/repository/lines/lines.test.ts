import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BackupEntry } from '../../../../src/repository/destination.js';
import { lineOfBackup, lineOfSource, linesOf } from '../../../../src/repository/lines/lines.js';
import type { Summary } from '../../../../src/repository/summary.js';
import { backupEntry, unreadableBackup } from '../../../helpers/summaries.js';

type Source = Summary['source'];

const sourceOf = (source: Partial<Source> = {}): Source => ({
  endpoint: 'http://minio.example.com:9000',
  buckets: null,
  excluded_buckets: [],
  ...source,
});

/** One backup of each source, an hour apart. */
function listed(...sources: Partial<Source>[]): BackupEntry[] {
  return sources.map((source, index) =>
    backupEntry({
      at: new Date(Date.UTC(2024, 0, 1, index)).toISOString(),
      sequence: index + 1,
      source: sourceOf(source),
    }),
  );
}

/** The sequence numbers in each line. */
function lines(...sources: Partial<Source>[]): number[][] {
  return linesOf(listed(...sources)).map(({ backups }) =>
    backups.map(({ summary }) => summary.sequence),
  );
}

const names = (...sources: Partial<Source>[]) =>
  linesOf(listed(...sources)).map(({ name }) => name);

describe('a line', () => {
  it('is a source and a selection, which are sets', () => {
    expect(
      lines(
        {},
        { buckets: ['b', 'a'] },
        { buckets: ['a', 'b', 'a'] },
        { excluded_buckets: ['temp'] },
        {},
        { endpoint: 'http://other.example.com:9000' },
      ),
    ).toEqual([[1, 5], [2, 3], [4], [6]]);
  });

  it('is not split by the spellings of an endpoint', () => {
    const endpoints = ['http://localhost:9000', 'http://127.0.0.1:9000', 'http://[::1]:9000'];
    expect(lines(...endpoints.map((endpoint) => ({ endpoint })))).toEqual([[1, 2, 3]]);
  });

  it('of a named store goes on at another endpoint', () => {
    const elsewhere = { endpoint: 'https://alias.example.com' };
    expect(lines({ name: 'prod' }, { name: 'prod', ...elsewhere })).toEqual([[1, 2]]);
    expect(lines({ name: 'prod' }, { name: 'test' })).toEqual([[1], [2]]);
  });

  it('of a named store is joined by those without a name, of any of its endpoints', () => {
    const elsewhere = { endpoint: 'https://alias.example.com' };
    expect(
      lines({}, { name: 'prod' }, { name: 'prod', ...elsewhere }, elsewhere, {
        buckets: ['a'],
      }),
    ).toEqual([[1, 2, 3, 4], [5]]);
  });

  it('keeps what has joined it when the store gets another name', () => {
    expect(lines({}, { name: 'old' }, {}, { name: 'new' }, {})).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
  });

  it('has no part in what cannot be read, or is the summary of another', () => {
    const [good, other] = listed({}, {});
    if (good === undefined || other === undefined) throw new Error('there is none');
    const swapped = { ...good, id: 'minio_backup_full_20240601_000000' };
    const found = linesOf([good, other, swapped, unreadableBackup('2024-01-09T00:00:00.000Z')]);
    expect(found).toHaveLength(1);
    expect(found[0]?.backups.map(({ id }) => id)).toEqual([good.id, other.id]);
    expect(lineOfBackup(found, swapped.id)).toBeUndefined();
  });

  it('has ended while its newest backup is marked, and no longer', () => {
    const [first, second] = listed({}, {});
    if (first === undefined || second === undefined) throw new Error('there is none');
    const retired = { ...first, retired: true };
    expect(linesOf([retired])[0]?.retired).toBe(true);
    expect(linesOf([retired, second])[0]?.retired).toBe(false);
  });
});

describe('the line of a backup that is to be made', () => {
  it('is that of its source, and of those without a name where it brings the first', () => {
    const backups = listed({}, { buckets: ['a'] });
    const ids = (source: Partial<Source>) =>
      lineOfSource(backups, sourceOf(source))?.backups.map(({ summary }) => summary.sequence);
    expect(ids({})).toEqual([1]);
    expect(ids({ name: 'prod' })).toEqual([1]);
    expect(ids({ name: 'prod', buckets: ['a'] })).toEqual([2]);
    expect(ids({ buckets: ['b'] })).toBeUndefined();
    expect(ids({ endpoint: 'http://other.example.com' })).toBeUndefined();
  });

  it('is a new one for another name of the same endpoint', () => {
    expect(lineOfSource(listed({}, { name: 'prod' }), sourceOf({ name: 'test' }))).toBeUndefined();
  });
});

describe('the name of a line', () => {
  it('tells the store and the selection', () => {
    expect(
      names(
        {},
        { buckets: ['beta', 'alpha'] },
        { excluded_buckets: ['temp', 'cache'] },
        { name: 'prod', endpoint: 'https://a.example.com' },
        { name: 'prod', endpoint: 'https://a.example.com', buckets: ['alpha'] },
        { endpoint: 'https://b.example.com' },
        { endpoint: 'http://localhost:9000' },
      ),
    ).toEqual([
      'minio.example.com:9000',
      'minio.example.com:9000/alpha+beta',
      'minio.example.com:9000/except-cache+temp',
      'prod',
      'prod/alpha',
      'b.example.com',
      '127.0.0.1:9000',
    ]);
  });

  it('is shortened, and then ends in a hash', () => {
    const buckets = Array.from({ length: 40 }, (_, index) => `bucket-number-${index + 10}`);
    const [first, second] = names({ buckets }, { buckets: buckets.slice(0, 39) });
    expect(first).toMatch(
      /^minio\.example\.com:9000\/bucket-number-10\+bucket-number-11\+38-more-[0-9a-f]{8}$/,
    );
    expect(second).toContain('+37-more-');
  });

  it('has a hash where another line would have the same', () => {
    const [plain, bucket] = names({ excluded_buckets: ['temp'] }, { buckets: ['except-temp'] });
    expect(plain).toMatch(/\/except-temp-[0-9a-f]{8}$/);
    expect(bucket).toMatch(/\/except-temp-[0-9a-f]{8}$/);
    expect(plain).not.toBe(bucket);
  });
});

const someNames = fc.oneof(fc.constantFrom('a', 'b', 'except-a', 'temp'), fc.string());
const sources: fc.Arbitrary<Source> = fc.record({
  endpoint: fc.oneof(
    fc.constantFrom('http://localhost:9000', 'http://127.0.0.1:9000', 'https://a', 'http://a:443'),
    fc.string(),
  ),
  buckets: fc.option(fc.array(someNames, { minLength: 1, maxLength: 8 }), { nil: null }),
  excluded_buckets: fc.array(someNames, { maxLength: 3 }),
  name: fc.option(fc.oneof(fc.constantFrom('prod', 'a'), fc.string()), { nil: undefined }),
});
const histories = fc.array(sources, { maxLength: 12 });

describe('whatever the summaries say', () => {
  it('each backup is in one line, in its order, and each line has a name of its own', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const found = linesOf(listed(...history));
        const all = found.flatMap(({ backups }) => backups.map(({ summary }) => summary.sequence));
        expect(all.toSorted((a, b) => a - b)).toEqual(history.map((_, index) => index + 1));
        for (const { backups } of found) {
          const own = backups.map(({ summary }) => summary.sequence);
          expect(own).toEqual(own.toSorted((a, b) => a - b));
        }
        expect(new Set(found.map(({ name }) => name)).size).toBe(found.length);
      }),
    );
  });

  it('a name can be typed without quotes, and is no option', () => {
    fc.assert(
      fc.property(histories, (history) => {
        for (const { name } of linesOf(listed(...history))) {
          expect(name).toMatch(/^[A-Za-z0-9][A-Za-z0-9._:@+/-]*$/);
          expect(name.length).toBeLessThan(400);
        }
      }),
    );
  });

  it('a backup joins the line that was told for it, and parts none that were together', () => {
    fc.assert(
      fc.property(histories, sources, (history, next) => {
        const before = linesOf(listed(...history));
        const told = lineOfSource(listed(...history), next);
        const after = linesOf(listed(...history, next));
        const joined = after.find(({ backups }) =>
          backups.some(({ summary }) => summary.sequence === history.length + 1),
        );
        const ids = (line: (typeof before)[number] | undefined) =>
          line?.backups.map(({ summary }) => summary.sequence) ?? [];
        expect(ids(joined)).toEqual([...ids(told), history.length + 1]);
        for (const line of before) {
          expect(after.some((one) => ids(line).every((id) => ids(one).includes(id)))).toBe(true);
        }
      }),
    );
  });
});
