import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { drillMetrics } from '../../../src/drill/metrics.js';
import { readAllRecords } from '../../../src/drill/all-records.js';
import {
  type DrillRecord,
  appendRecords,
  putRecord,
  readRecords,
} from '../../../src/drill/records.js';
import { RecordsThere } from '../../../src/drill/records-there.js';
import { MangamotionError } from '../../../src/errors.js';
import type { ClaimStore } from '../../../src/lock/claim.js';
import { MemoryClaims } from '../../helpers/memory-claims.js';
import { reportMarkdown, reportOf } from '../../../src/drill/report.js';
import { temporaryFolder } from '../../helpers/backups.js';
import { drillRecord } from '../../helpers/drill-records.js';

const { folder, remove } = temporaryFolder();
afterAll(remove);
let state: string;
beforeEach(() => {
  state = join(folder, String(Math.random()));
  mkdirSync(state);
});

describe('records', () => {
  it('are read as they were written, the latest first', async () => {
    expect(await readRecords(state)).toEqual({ records: [], damaged: [] });
    const [first, second] = [drillRecord({ id: '1' }), drillRecord({ id: '2', reason: 'x\ny' })];
    await appendRecords(state, [first]);
    await appendRecords(state, [second]);
    await appendRecords(state, [second]);
    expect(await readRecords(state)).toEqual({ records: [second, first], damaged: [] });
  });

  it('name damaged lines, and go on after one that a crash cut off', async () => {
    const file = join(state, 'drills.ndjson');
    await appendRecords(state, [drillRecord({ id: '1' })]);
    writeFileSync(file, `${readFileSync(file, 'utf8')}{"at":"2026`);
    await appendRecords(state, [drillRecord({ id: '2' })]);
    const { records, damaged } = await readRecords(state);
    expect(records.map(({ id }) => id)).toEqual(['2', '1']);
    expect(damaged).toMatchObject([{ file, fromEnd: 2 }]);
  });
});

describe('records at a destination', () => {
  const signal = new AbortController().signal;
  const put = async (claims: MemoryClaims, ...ids: string[]) => {
    for (const id of ids) {
      const at = `2026-11-${id.slice(0, 2)}T03:10:00.000Z`;
      await putRecord(claims, drillRecord({ id, at }));
    }
  };

  it('are read once each, and are gone with their files', async () => {
    const claims = new MemoryClaims();
    const there = new RecordsThere();
    expect(await there.read(claims, signal)).toEqual({ records: [], damaged: 0 });
    await put(claims, '01', '02');
    const ids = async () => (await there.read(claims, signal)).records.map(({ id }) => id).sort();
    expect(await ids()).toEqual(['01', '02']);
    for (const claim of claims.claims.values()) claim.content = 'no record any more';
    expect(await ids()).toEqual(['01', '02']);
    const [first = ''] = claims.claims.keys();
    claims.claims.delete(first);
    expect(await ids()).toEqual(['02']);
  });

  it('are counted where they cannot be read, and read as soon as they can', async () => {
    const claims = new MemoryClaims();
    const there = new RecordsThere();
    await put(claims, '01', '02');
    const [torn] = claims.claims.values();
    const { content } = torn!;
    for (const unreadable of [undefined, '', '{', '{"scenario":"object"}']) {
      torn!.content = unreadable;
      expect(await there.read(claims, signal)).toMatchObject({
        records: [{ id: '02' }],
        damaged: 1,
      });
    }
    torn!.content = content;
    expect(await there.read(claims, signal)).toMatchObject({ damaged: 0 });
  });

  it('are the newest of each scenario, and files of others are left alone', async () => {
    const claims = new MemoryClaims();
    await put(claims, ...Array.from({ length: 20 }, (_, at) => String(at + 10)));
    await claims.put('readme', 'of others');
    await putRecord(
      claims,
      drillRecord({ id: 'old', scenario: 'redis', at: '2025-01-01T00:00:00Z' }),
    );
    const { records, damaged } = await new RecordsThere().read(claims, signal);
    expect(damaged).toBe(0);
    expect(records).toHaveLength(13);
    expect(records.map(({ id }) => id)).toEqual(expect.arrayContaining(['18', '29', 'old']));
  });
});

describe('records of this host and of destinations', () => {
  const at = (text: string, claims: ClaimStore) => ({
    text,
    open: () => Promise.resolve({ claims: () => claims }),
  });
  const { signal } = new AbortController();

  it('are merged with those of this host by their ids, the latest first', async () => {
    const [near, far] = [new MemoryClaims(), new MemoryClaims()];
    const both = drillRecord({ id: '1', at: '2026-11-02T00:00:00.000Z' });
    const cold = drillRecord({ id: '2', at: '2026-11-03T00:00:00.000Z', cold: true });
    const old = drillRecord({ id: '3', at: '2026-11-01T00:00:00.000Z' });
    await appendRecords(state, [both]);
    await putRecord(near, both);
    await putRecord(near, old);
    await putRecord(far, cold);
    await far.put('x', 'rubbish');
    const all = await readAllRecords(state, [at('/near', near), at('s3://far/x/', far)], signal);
    expect(all.records).toEqual([cold, both, old]);
    expect(all.damaged).toMatchObject([{ file: 's3://far/x/.mangamotion-drill-records/x.json' }]);
    expect(all.unread).toEqual([]);
  });

  it('that cannot be read are named, and the others are read', async () => {
    const near = new MemoryClaims();
    await putRecord(near, drillRecord({ id: '1' }));
    const dead = new MemoryClaims();
    dead.before = () => {
      throw new MangamotionError('unreachable', 'no answer');
    };
    const { records, unread } = await readAllRecords(
      state,
      [at('s3://dead', dead), at('/near', near)],
      signal,
    );
    expect(records).toHaveLength(1);
    expect(unread).toEqual([{ destination: 's3://dead', why: 'no answer' }]);
    const report = reportOf(records, {
      ...{ since: new Date(0), until: new Date(4e12), damaged: 0, unread: ['s3://dead'] },
    });
    expect(reportMarkdown(report)).toContain('could not be read and are not counted');
  });

  it('fit into what is read of one, whatever differs', async () => {
    const claims = new MemoryClaims();
    const differences = Array.from({ length: 50 }, (_, i) => ({
      ...{ bucket: 'b', field: `f${i}`, count: 3, reason: 'x' },
      keys: Array.from({ length: 5 }, (_, k) => `${k}`.repeat(1000)),
    }));
    await putRecord(claims, drillRecord({ verdict: 'missed', differences }));
    const { records } = await readAllRecords(state, [at('/near', claims)], signal);
    const [{ differences: named, differences_omitted: omitted = 0 }] = records as [DrillRecord];
    expect(named.length).toBeGreaterThan(5);
    expect(named.length * 3 + omitted).toBe(150);
  });
});

describe('metrics', () => {
  it('are those of the last drill of each scenario', async () => {
    const text = await drillMetrics([
      drillRecord({ scenario: 'store', verdict: 'missed', rto_seconds: null }),
      drillRecord({ scenario: 'store', at: '2026-11-01T00:00:00.000Z' }),
      drillRecord({ scenario: 'object', rto_seconds: 1.5, rpo_seconds: 60 }),
    ]);
    expect(text).toContain('mangamotion_drill_rto_seconds{scenario="object"} 1.5\n');
    expect(text).not.toContain('mangamotion_drill_rto_seconds{scenario="store"}');
    expect(text).toContain('mangamotion_drill_rpo_seconds{scenario="object"} 60\n');
    const since = Date.parse('2026-11-01T00:00:00.000Z') / 1000;
    expect(text).toContain(
      `mangamotion_drill_last_success_timestamp_seconds{scenario="store"} ${since}\n`,
    );
    expect(text).toContain('mangamotion_drill_verdict{scenario="store",verdict="missed"} 1\n');
    expect(text).toContain('mangamotion_drill_verdict{scenario="store",verdict="met"} 0\n');
    expect(await drillMetrics([])).toBe('');
  });
});

describe('a report', () => {
  it('has the period alone, and no text of others as markup', () => {
    const records = [
      drillRecord({ reason: 'a | b\n# c <script>', verdict: 'missed' }),
      drillRecord({ at: '2026-01-01T00:00:00.000Z' }),
    ];
    const report = reportOf(records, {
      since: new Date('2026-11-01T00:00:00Z'),
      until: new Date('2026-12-01T00:00:00Z'),
      damaged: 0,
    });
    expect(report.drills).toEqual([records[0]]);
    expect(report.scenarios[0]).toMatchObject({ scenario: 'object', drills: 1, met: 0, missed: 1 });
    const text = reportMarkdown(report);
    expect(text).toContain('missed: a \\| b \\# c \\<script\\>');
  });

  it('never has an extrapolated time for a measured one', () => {
    const records = [drillRecord({ extrapolated: true, rto_seconds: 5 })];
    const report = reportOf(records, { since: new Date(0), until: new Date(4e12), damaged: 0 });
    expect(report.scenarios[0]?.worst_rto_seconds).toBeNull();
    expect(reportMarkdown(report)).toContain('extrapolated from a sample');
  });
});
