import type { InferOutput } from 'valibot';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type {
  destinationsDocument,
  objectsDocument,
  shownDocument,
} from '../../../src/serve/schemas/backups.js';
import { chainOf, growthOf, shortId, ticksOf, timeInId } from '../../../src/web/backups/chain.js';
import {
  backupPath,
  commandLine,
  foldersTo,
  isImage,
  objectHref,
} from '../../../src/web/backups/names.js';
import { faultsOf, gaugeOf, shownDrill, standingOf } from '../../../src/web/backups/standing.js';
import type {
  BackupDocument,
  DestinationDocument,
  DestinationsDocument,
  DrillDocument,
  DrillsDocument,
  ObjectsDocument,
  ShownBackupDocument,
} from '../../../src/web/data/backup-documents.js';

const now = new Date('2026-11-24T14:00:00Z');

function backup(id: string, change: object = {}): BackupDocument {
  const at = timeInId(id) ?? '';
  return {
    ...{ id, type: 'full', status: 'complete', references: [], created_at: at },
    ...{ duration_seconds: 1, source: { endpoint: 'http://store' }, bytes: 10, archive_bytes: 100 },
    ...{ objects: { captured: 1, unchanged: 0, vanished: 0 }, buckets: [], failures: [] },
    ...{ failures_omitted: 0, suspicious: [] },
    ...change,
  };
}

const noDrills: DrillsDocument = {
  ...{ status: 'never', limit_seconds: 45 * 86_400, damaged: 0, problem: null, last: [] },
};

/** Of so many days ago. */
function drill(days: number, change: Partial<DrillDocument> = {}): DrillDocument {
  const at = new Date(now.getTime() - days * 86_400_000).toISOString();
  return {
    ...{ at, scenario: 'object', verdict: 'met', rto_seconds: 2, rto_limit_seconds: 3600 },
    ...{ extrapolated: false, rpo_seconds: 60, rpo_limit_seconds: 3600, last_met_at: at },
    ...change,
  };
}

type Status = NonNullable<DestinationDocument['status']>;

function destination(backups: BackupDocument[], change: Partial<Status> = {}): DestinationDocument {
  return {
    ...{ destination: '/mnt/backup', read_at: now.toISOString(), problem: null },
    last_verified: null,
    drills: noDrills,
    list: { backups },
    status: {
      ...{ line: 'store', lines: [], archive_bytes: 100, verification: null, growth: null },
      freshness: { status: 'fresh', newest_complete: null, max_age_seconds: null },
      chains: { status: 'ok', problems: [] },
      retention: { days: 30, suspended_by: null, next_expiry: null },
      ...change,
    },
  };
}

it('describes the documents of the schemas', () => {
  expectTypeOf<InferOutput<typeof destinationsDocument>>().toExtend<DestinationsDocument>();
  expectTypeOf<InferOutput<typeof shownDocument>>().toExtend<ShownBackupDocument>();
  expectTypeOf<InferOutput<typeof objectsDocument>>().toExtend<ObjectsDocument>();
});

describe('how a destination stands', () => {
  it('is in order without a fault', () => {
    expect(standingOf(destination([]), now)).toMatchObject({ isInOrder: true, word: 'in order' });
  });
  it('is not in order if it cannot be read', () => {
    const problem = { error: 'no such folder', code: 'unavailable' };
    expect(standingOf({ ...destination([]), problem, list: null, status: null }, now)).toEqual({
      ...{ isInOrder: false, word: 'cannot be read' },
      because: 'cannot be read: no such folder',
    });
  });
  it('says by how much it is late', () => {
    const created_at = new Date(now.getTime() - 3 * 3600_000).toISOString();
    const newest = { id: 'x', created_at };
    const freshness = {
      status: 'overdue',
      newest_complete: newest,
      max_age_seconds: 7200,
    } as const;
    expect(standingOf(destination([], { freshness }), now).because).toBe('is 60 min late');
  });
  it('lists all that is not in order', () => {
    const freshness = { status: 'missing', newest_complete: null, max_age_seconds: 7200 } as const;
    const chains = { status: 'broken' as const, problems: [{ id: 'a', kind: 'b', message: 'c' }] };
    expect(faultsOf(destination([], { freshness, chains }), now).map(({ word }) => word)).toEqual([
      'no complete backup',
      'chain: 1 fault',
    ]);
  });
  const read = {
    ...{ total_bytes: 2048, read_bytes: 1024, overdue_bytes: 0, damaged_bytes: 0 },
    ...{ oldest_read_at: null, within_seconds: 30 * 86_400, last_run_at: now.toISOString() },
  };
  it.each([
    ['ok', {}, []],
    ['damaged', { damaged_bytes: 1024 }, ['has 1.0 KiB that was damaged when it was last read']],
    ['stopped', {}, ['is not verified any more']],
    ['overdue', { overdue_bytes: 1024 }, ['has 1.0 KiB that was not read for 30 d']],
  ] as const)('tells of a verification that is %s', (status, change, because) => {
    const verification = { ...read, status, ...change };
    const faults = faultsOf(destination([], { verification }), now);
    expect(faults.map((fault) => fault.because)).toEqual(because);
  });
  it('tells of a run of the schedule that is too long ago', () => {
    const verified = (days: number) => ({
      ...destination([]),
      last_verified: { at: drill(days).at, entry: 'proof', limit_seconds: 30 * 86_400 },
    });
    expect(standingOf(verified(29), now).isInOrder).toBe(true);
    expect(standingOf(verified(41), now)).toMatchObject({
      ...{ word: 'verify is late', because: 'is 11 d late to be verified' },
    });
  });
  it.each<[DrillsDocument['status'], Partial<DrillsDocument>, string]>([
    ['never', {}, ''],
    ['met', { last: [drill(12)] }, ''],
    [
      'missed',
      { last: [drill(1), drill(2, { scenario: 'store', verdict: 'missed' })] },
      'missed the objective of its store drill',
    ],
    [
      'not_proven',
      { last: [drill(1), drill(2, { scenario: 'redis', verdict: 'not_proven' })] },
      'is not proven by its redis drill',
    ],
    ['overdue', { last: [drill(50)] }, 'is 5 d late for a drill'],
    ['unknown', { damaged: 1 }, 'has records of drills that cannot be read'],
    ['unknown', { last: [drill(-3)] }, 'has a drill that is dated in the future'],
  ])('tells of drills that are %s', (status, change, because) => {
    const drills = { ...noDrills, status, ...change };
    expect(standingOf({ ...destination([]), drills }, now)).toMatchObject({
      ...{ isInOrder: because === '', because },
    });
  });
  it('shows the worst drill first', () => {
    const missed = drill(9, { verdict: 'missed' });
    const unproven = drill(5, { verdict: 'not_proven' });
    expect(shownDrill([drill(1), unproven, missed])).toBe(missed);
    expect(shownDrill([drill(1), unproven])).toBe(unproven);
    expect(shownDrill([])).toBeUndefined();
  });
  it('names the first of several faults', () => {
    const chains = { status: 'broken' as const, problems: [{ id: 'a', kind: 'b', message: 'c' }] };
    const retention = { days: 30, suspended_by: 'a', next_expiry: null };
    expect(standingOf(destination([], { chains, retention }), now).because).toBe(
      'has 1 fault in its chain, and more',
    );
  });
});

describe('an age against its limit', () => {
  it.each([
    [1800, 7200, { percent: 25, state: 'ok', text: 'limit 2 h' }],
    [6000, 7200, { percent: (6000 / 7200) * 100, state: 'near', text: 'limit 2 h' }],
    [9000, 7200, { percent: 100, state: 'over', text: 'limit 2 h, 30 min over' }],
  ])('%d of %d', (age, limit, gauge) => expect(gaugeOf(age, limit)).toEqual(gauge));
  it('is not known without a limit or an age', () => {
    expect(gaugeOf(5, null)).toBeUndefined();
    expect(gaugeOf(null, 5)).toBeUndefined();
  });
});

describe('the chain', () => {
  const full = 'minio_backup_full_20261123_140000';
  const later = 'minio_backup_incremental_20261124_130000';
  it('has the newest first, and places by time', () => {
    const items = chainOf(destination([backup(full), backup(later)]), 2, now);
    expect(items.map(({ id }) => id)).toEqual([later, full]);
    expect(items[1]?.x).toBe(50);
  });
  it('has what others refer to as missing, without a size', () => {
    const [item, missing] = chainOf(destination([backup(later, { references: [full] })]), 7, now);
    expect(item?.state).toBe('complete');
    expect(missing).toMatchObject({ id: full, state: 'missing', bytes: undefined });
  });
  it('has a backup without its archive as missing', () => {
    const problems = [{ id: full, kind: 'archive_missing', message: 'gone' }];
    const chains = { status: 'broken' as const, problems };
    expect(chainOf(destination([backup(full)], { chains }), 7, now)[0]?.state).toBe('missing');
  });
  it('leaves out what is older', () => {
    expect(chainOf(destination([backup(full)]), 0.5, now)).toEqual([]);
  });
  it('reads times and short names in ids', () => {
    expect(timeInId(full)).toBe('2026-11-23T14:00:00Z');
    expect(timeInId('minio_backup_full_20269999_140000')).toBeUndefined();
    expect(timeInId('other')).toBeUndefined();
    expect(shortId(full)).toBe('full_20261123_140000');
  });
});

describe('growth', () => {
  const sized = (day: number, archive_bytes: number) =>
    backup(`minio_backup_full_202611${day}_010000`, { archive_bytes });
  it('has an axis that does not begin at zero', () => {
    const chart = growthOf(chainOf(destination([sized(20, 1000), sized(22, 1100)]), 30, now));
    expect(chart?.low).toBeGreaterThan(900);
    expect(chart?.points.map(({ bytes }) => bytes)).toEqual([1000, 1100]);
  });
  it('is not known from one full', () => {
    expect(growthOf(chainOf(destination([sized(20, 1000)]), 30, now))).toBeUndefined();
  });
  it('has labels that differ', () => {
    expect(ticksOf({ low: 1024 * 20, high: 1024 * 36 })).toEqual(['36', '20']);
    expect(ticksOf({ low: 1024 * 35.6, high: 1024 * 35.9 })).toEqual(['35.9', '35.6']);
  });
});

describe('names', () => {
  it('quotes words for a shell', () => {
    expect(commandLine('mangamotion', 'restore', "/mnt/it's here")).toBe(
      String.raw`mangamotion restore '/mnt/it'\''s here'`,
    );
    expect(backupPath('s3://bucket/minio/', 'id')).toBe('s3://bucket/minio/id');
  });
  it('has the folders of a prefix', () => {
    expect(foldersTo('processed/18627/')).toEqual([
      { name: 'processed', prefix: 'processed/' },
      { name: '18627', prefix: 'processed/18627/' },
    ]);
    expect(foldersTo('')).toEqual([]);
  });
  it('keeps every key in one segment', () => {
    expect(objectHref('/mnt/a b', 'id', { bucket: 'b', key: '../a/?#' })).toBe(
      '/api/backups/id/objects/b/..%2Fa%2F%3F%23?destination=%2Fmnt%2Fa+b',
    );
  });
  it('knows images by their names', () => {
    expect(isImage('a/preview.JPG')).toBe(true);
    expect(isImage('a/video.mp4')).toBe(false);
  });
});
