import { describe, expect, it } from 'vitest';
import { chooseForDrill, doubtsOf, pickAfter, sampler } from '../../../src/drill/choose.js';
import { heaviestOf } from '../../../src/drill/scenarios/scope.js';
import type { BackupEntry } from '../../../src/repository/destination.js';
import { summaryOf } from '../../helpers/summaries.js';

function entry(day: number, more: Partial<BackupEntry> = {}): BackupEntry {
  const at = `2026-11-${String(day).padStart(2, '0')}T02:00:00.000Z`;
  const summary = summaryOf({ at, sequence: day });
  const archiveBytes = summary.archive_bytes;
  return {
    id: summary.id,
    summary: { kind: 'valid', summary },
    archiveBytes,
    expired: false,
    ...more,
  };
}

const options = { seed: 's', line: undefined };

describe('the backup of a drill', () => {
  it('is the newest, but for one of every four drills', () => {
    const picks = Array.from({ length: 8 }, (_, earlier) => pickAfter(earlier));
    expect(picks.map((pick) => pick[0]).join('')).toBe('nnnrnnnr');
  });

  it('is drawn by the seed alone, among older ones', () => {
    const backups = [1, 2, 3, 4, 5].map((day) => entry(day));
    const draw = (seed: string) =>
      chooseForDrill(backups, 'd', { ...options, pick: 'random', seed }).used.backup.id;
    expect(draw('a')).toBe(draw('a'));
    const drawn = new Set(Array.from({ length: 40 }, (_, i) => draw(`seed ${i}`)));
    expect(drawn).toEqual(new Set(backups.slice(0, 4).map(({ id }) => id)));
  });

  it('is the newest where there is no older one that can be used', () => {
    const backups = [entry(1, { expired: true }), entry(2)];
    const { used, pick } = chooseForDrill(backups, 'd', { ...options, pick: 'random' });
    expect([used.backup.id, pick]).toEqual([backups[1]!.id, 'newest']);
  });

  it('is doubtful where a newer one was passed over', () => {
    const backups = [entry(1), entry(2, { archiveBytes: null })];
    const choice = chooseForDrill(backups, 'd', { ...options, pick: 'newest' });
    expect(doubtsOf(choice)).toEqual([
      expect.stringContaining(`the newest backup, ${backups[1]!.id}, cannot be used: `),
    ]);
    const good = chooseForDrill(backups.slice(0, 1), 'd', { ...options, pick: 'newest' });
    expect(doubtsOf(good)).toEqual([]);
  });
});

describe('a sample', () => {
  const objects = Array.from({ length: 20_000 }, (_, i) => ({ bucket: 'b', key: `k${i}` }));

  it('has about its share, the same objects each time, and others for another seed', () => {
    const taken = objects.filter(sampler(0.05, 'a')!);
    expect(taken.length).toBeGreaterThan(800);
    expect(taken.length).toBeLessThan(1200);
    expect(objects.filter(sampler(0.05, 'a')!)).toEqual(taken);
    expect(objects.filter(sampler(0.05, 'b')!)).not.toEqual(taken);
  });

  it('is part of a larger one, so that a smaller one restores less', () => {
    const small = objects.filter(sampler(0.02, 'a')!);
    const large = new Set(objects.filter(sampler(0.04, 'a')!));
    expect(small.every((object) => large.has(object))).toBe(true);
  });

  it('of everything takes everything', () => {
    expect(sampler(1, 'a')).toBeUndefined();
  });
});

it('the bucket of a drill is the one whose restore takes longest', () => {
  const bucket = (name: string, objects: number, bytes: number) => {
    return { name, created_at: null, region: null, objects, bytes };
  };
  const [few, many] = [bucket('few', 2, 10 ** 9), bucket('many', 100_000, 10 ** 8)];
  expect(heaviestOf([few, many]).name).toBe('many');
  expect(heaviestOf([bucket('empty', 0, 0), few]).name).toBe('few');
});
