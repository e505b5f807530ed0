import { describe, expect, it } from 'vitest';
import type { RestoreReport } from '../../../../src/restore/report.js';
import { mergeResults } from '../../../../src/restore/shares/merge-results.js';
import { emptyPlan } from '../../../../src/restore/plan/decide.js';
import {
  readResult,
  textOfResult,
  whyFailed,
} from '../../../../src/restore/shares/share-result.js';
import { TextSeal } from '../../../../src/repository/runs/text-seal.js';
import {
  LONGEST_SEALED_ANSWER,
  MOST_SHARES,
  longestAnswerBytes,
} from '../../../../src/workers/work.js';
import { readOptions, textOfOptions } from '../../../../src/restore/shares/worker-options.js';

const REPORT: RestoreReport = {
  ...{ backup: 'x', buckets: [], restored: { objects: 3, bytes: 4 }, documents: [], deleted: 0 },
  ...{ probes: [], proved: 3, left_out: [], losses: [], problems: [] },
  ...{ failures: [], failures_omitted: 0 },
};
const failure = (key: string, bucket = 'b') => ({ bucket, key, reason: `no ${key}`, status: 403 });
const loss = (keys: string[], count = keys.length) => ({
  ...{ bucket: 'b', what: 'tags', count, keys, reason: 'gone' },
});
const plan = (counts: object) => ({ ...emptyPlan('b', 'b', false), ...counts });

function resultOf(report: Partial<RestoreReport>) {
  const result = readResult(textOfResult({ ...REPORT, ...report }, { of: 1 }), ['b']);
  if (result === undefined) throw new Error('it cannot be read');
  return result;
}

describe('the answer of a worker', () => {
  it('is read as it was written, without failures of documents', () => {
    const left = [{ bucket: 'b', reason: 'bucket has no object lock' as const, objects: 2 }];
    const given = {
      failures: [failure('k')],
      losses: [loss(['k'])],
      left_out: left,
      problems: ['p'],
    };
    const failures = [...given.failures, { bucket: 'b', key: '', document: 'cors', reason: 'no' }];
    expect(resultOf({ ...given, failures, failures_omitted: 5 })).toEqual({
      ...{ format: 1, restored: { objects: 3, bytes: 4 }, failures_omitted: 5 },
      ...given,
    });
  });

  it('is never too long, and keeps its counts', () => {
    const failures = Array.from({ length: 10_000 }, (_, i) => failure(`${i}${'é"'.repeat(400)}`));
    const named = resultOf({ failures, failures_omitted: 7 });
    expect(named.failures.length).toBeGreaterThan(30);
    expect(named.failures.length + named.failures_omitted).toBe(10_007);
    const losses = Array.from({ length: 3_000 }, (_, i) => ({
      ...loss(['k'.repeat(900)], 2),
      what: `header x-${i}`,
    }));
    const text = textOfResult({ ...REPORT, failures, losses }, { of: 1 });
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(longestAnswerBytes({ of: 1 }));
    const cut = readResult(text, ['b']);
    expect(cut?.failures_omitted).toBe(10_000);
    expect(cut?.problems).toHaveLength(cut?.losses.length === 3_000 ? 0 : 1);
  });

  it('is short enough for the queue once it is sealed, and all of them for the memory of a head', () => {
    const seal = new TextSeal(Buffer.alloc(32));
    for (const of of [1, 100, MOST_SHARES]) {
      const failures = Array.from({ length: 1000 }, (_, i) => failure(`${i}${'文'.repeat(300)}`));
      const text = textOfResult({ ...REPORT, failures }, { of });
      expect(seal.seal(text).length).toBeLessThanOrEqual(LONGEST_SEALED_ANSWER);
      expect(Buffer.byteLength(text) * of).toBeLessThanOrEqual(64 * 1024 * 1024);
      const read = readResult(text, ['b']);
      expect((read?.failures.length ?? 0) + (read?.failures_omitted ?? 0)).toBe(1000);
    }
  });

  it('is not taken where it is of other buckets, or of another form', () => {
    const text = textOfResult({ ...REPORT, failures: [failure('k')] }, { of: 1 });
    expect(readResult(text, ['other'])).toBeUndefined();
    for (const wrong of [
      '',
      '[]',
      '{}',
      text.replace('"format":1', '"format":2'),
      `${text} `.repeat(2),
    ])
      expect(readResult(wrong, ['b'])).toBeUndefined();
    expect(readResult(text.replace('"objects":3', '"objects":1e400'), ['b'])).toBeUndefined();
    expect(readResult(text.padEnd(longestAnswerBytes({ of: 1 }) + 1), ['b'])).toBeUndefined();
  });
});

describe('one report of workers and head', () => {
  const merged = (report: Partial<RestoreReport>, results: Partial<RestoreReport>[], before = {}) =>
    mergeResults(
      {
        before: { buckets: [plan(before)] },
        report: { ...REPORT, buckets: [plan({})], ...report },
        documents: [],
      },
      results.map(resultOf),
    );

  it('counts what the head has found in the target, whatever workers say', () => {
    const report = merged(
      {
        restored: { objects: 2, bytes: 20 },
        proved: 2,
        buckets: [plan({ create: 2, unchanged: 8, bytes: 20 })],
      },
      [{ restored: { objects: 99, bytes: 99 } }],
      { create: 10, bytes: 100 },
    );
    expect(report).toMatchObject({ restored: { objects: 10, bytes: 100 }, proved: 10 });
    expect(report.buckets).toMatchObject([{ create: 10, unchanged: 0 }]);
    const unproved = merged({ proved: null }, [], {});
    expect(unproved.proved).toBeNull();
  });

  it('leaves out failures of workers that the head has settled', () => {
    const workers = [{ failures: [failure('k'), failure('both')], failures_omitted: 4 }];
    const settled = merged({ failures: [failure('both')] }, workers);
    expect(settled).toMatchObject({ failures: [{ key: 'both' }], failures_omitted: 0 });
    const open = [
      { buckets: [plan({ skip: 1 })] },
      { buckets: [plan({ failed: 'no' })] },
      { failures: [failure(''), failure('both')] },
    ];
    for (const report of open) {
      const { failures, failures_omitted: omitted } = merged(report, [...workers, ...workers]);
      expect(failures.filter(({ key }) => key === 'k')).toHaveLength(1);
      expect(failures.filter(({ key }) => key === 'both')).toHaveLength(1);
      expect(omitted).toBe(8);
    }
  });

  it('counts a loss once where the head has seen those of workers', () => {
    const workers = [{ losses: [loss(['a', 'b'], 20)] }, { losses: [loss(['x'], 5)] }];
    expect(merged({ losses: [loss(['a'], 30)] }, workers).losses).toMatchObject([
      { count: 30, keys: ['a', 'b', 'x'] },
    ]);
    expect(merged({ losses: [loss(['own'], 1)] }, workers).losses).toMatchObject([{ count: 26 }]);
    expect(merged({}, workers).losses).toMatchObject([{ count: 25, keys: ['a', 'b', 'x'] }]);
  });
});

describe('the options of workers', () => {
  const selection = { buckets: ['b'], prefixes: ['p/'], keys: [], renames: new Map([['b', 'c']]) };
  const restore = {
    ...{ scope: 'full' as const, selection, onConflict: 'overwrite' as const },
    ...{ deleteExtra: true, confirms: false, dryRun: false },
  };
  const apply = { encryption: 'keep' as const, proof: false };

  it('are read as they were written, and never remove anything', () => {
    const read = readOptions(textOfOptions(restore, apply));
    expect(read).toEqual({ restore: { ...restore, deleteExtra: false }, apply });
  });

  it('let workers overwrite only where nobody confirms, and the rule is to overwrite', () => {
    for (const change of [{ confirms: true }, { onConflict: 'fail' as const }]) {
      const text = textOfOptions({ ...restore, ...change }, apply);
      expect(readOptions(text).restore.onConflict).toBe('skip');
    }
  });

  it('are refused where they are of another version', () => {
    const text = textOfOptions(restore, apply);
    for (const wrong of [
      text.replace('"format":1', '"format":2'),
      text.replace('{', '{"more":1,'),
      '',
    ])
      expect(() => readOptions(wrong)).toThrow('cannot be read');
  });
});

describe('why objects could not be restored', () => {
  it('is told once, with the number of objects', () => {
    const denied = (key: string) => ({
      ...failure(key),
      ...{ operation: 'PutObject', status: 403, code: 'AccessDenied' },
    });
    const odd = { bucket: 'b', key: 'k', reason: 'it is odd' };
    const reports = [
      { failures: [odd, denied('a')], failures_omitted: 0 },
      { failures: [denied('b'), { ...failure('c'), operation: 'PutObject' }], failures_omitted: 7 },
    ];
    expect(whyFailed(reports)).toEqual([
      ['PutObject: AccessDenied', 9],
      ['it is odd', 1],
      ['PutObject: 403', 1],
    ]);
    expect(whyFailed([{ failures: [], failures_omitted: 0 }])).toEqual([]);
    expect(whyFailed([{ failures: [], failures_omitted: 3 }])).toEqual([['no reason is named', 3]]);
  });
});
