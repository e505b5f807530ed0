import { describe, expect, it } from 'vitest';
import type { BackupEntry } from '../../../../src/repository/destination.js';
import type { BackupType } from '../../../../src/repository/names.js';
import type { RetentionPolicy } from '../../../../src/repository/retention/policy.js';
import { planRetention, suspendedLines } from '../../../../src/repository/retention/retention.js';
import type { Summary } from '../../../../src/repository/summary.js';
import {
  type Made,
  idAt,
  backupEntry,
  summaryOf,
  unreadableBackup,
} from '../../../helpers/summaries.js';

const NOW = new Date('2024-03-01T12:00:00Z');

/** Backups of consecutive sequences, the first at 02:00 on the given day of January 2024. */
const on = (day: number, made: Partial<Made> = {}, hour = '02'): Made => ({
  at: `2024-01-${String(day).padStart(2, '0')}T${hour}:00:00.000Z`,
  sequence: day,
  ...made,
});

/** Keeps, of January, the fourth and later by days. */
const NOW_IN_DAYS = 61;

const full = (day: number): string => idAt(on(day).at, 'full');
const incremental = (day: number): string => idAt(on(day).at, 'incremental');

function plan(
  backups: readonly (Made | BackupEntry)[],
  policy: RetentionPolicy,
  type?: BackupType,
  lockedUntil?: ReadonlyMap<string, string>,
) {
  const listed = backups.map((made) => ('at' in made ? backupEntry(made) : made));
  const decisions = planRetention(listed, policy, { now: NOW, type, lockedUntil });
  return Object.fromEntries(
    decisions.map((decision): [string, string | string[]] => {
      switch (decision.kind) {
        case 'keep':
          return [decision.id, decision.reasons];
        case 'referenced':
          return [decision.id, `for ${decision.by.join(' ')}`];
        case 'withheld':
          return [decision.id, `withheld for ${decision.because.join(' ')}`];
        case 'retained':
          return [decision.id, `retained until ${decision.until}`];
        case 'remove':
          return [decision.id, 'remove'];
      }
    }),
  );
}

describe('a lock', () => {
  it('keeps an expired backup whole, and what it refers to', () => {
    const chain = [
      on(1),
      on(2, { type: 'incremental', references: [full(1)] }),
      on(3, { type: 'incremental', references: [full(1)] }),
      on(4),
    ];
    const locked = new Map([[incremental(2), '2024-06-01T00:00:00.000Z']]);
    expect(plan(chain, { last: 1 }, undefined, locked)).toEqual({
      [full(1)]: `for ${incremental(2)}`,
      [incremental(2)]: 'retained until 2024-06-01T00:00:00.000Z',
      [incremental(3)]: 'remove',
      [full(4)]: ['last 1', 'last complete full'],
    });
  });

  it('means nothing for what is kept anyway', () => {
    const locked = new Map([[full(1), '2024-06-01T00:00:00.000Z']]);
    expect(plan([on(1)], { last: 1 }, undefined, locked)).toEqual({
      [full(1)]: ['last 1', 'last complete full'],
    });
  });
});

describe('a policy over fulls', () => {
  it('removes what no rule keeps, and says why the rest stays', () => {
    expect(plan([on(1), on(2), on(3)], { last: 1, daily: 2 })).toEqual({
      [full(1)]: 'remove',
      [full(2)]: ['daily 2024-01-02'],
      [full(3)]: ['last 1', 'daily 2024-01-03', 'last complete full'],
    });
  });

  it('keeps the last complete full, however old it is', () => {
    expect(plan([on(1), on(2)], { days: 1 })).toEqual({
      [full(1)]: 'remove',
      [full(2)]: ['last complete full'],
    });
  });
});

describe('full and incremental', () => {
  const line = [
    on(1),
    on(2, { type: 'incremental', references: [full(1)] }),
    on(3, { type: 'incremental', references: [full(1), incremental(2)] }),
  ];

  it('are one sequence, whose last complete one stays like the last full', () => {
    expect(plan(line, { days: 1 })).toEqual({
      [full(1)]: ['last complete full'],
      [incremental(2)]: `for ${incremental(3)}`,
      [incremental(3)]: ['last complete incremental'],
    });
  });

  it('are apart from metadata, of which the last complete one stays too', () => {
    const metadata = [on(4, { type: 'metadata' }), on(5, { type: 'metadata' })];
    const planned = plan([...line, ...metadata], { last: 1 });
    expect(planned[idAt(on(4).at, 'metadata')]).toBe('remove');
    expect(planned[idAt(on(5).at, 'metadata')]).toEqual(['last 1', 'last complete metadata']);
    expect(planned[incremental(3)]).toEqual(['last 1', 'last complete incremental']);
  });

  it('keep an expired full for an incremental that is not in question', () => {
    const planned = plan([...line, on(9)], { last: 1 }, 'full');
    expect(planned).toEqual({
      [full(1)]: `for ${incremental(2)} ${incremental(3)}`,
      [full(9)]: ['last 1', 'last complete full'],
    });
  });

  it('narrowed to one kind counts that kind alone', () => {
    expect(plan([...line, on(9)], { last: 2 }, 'incremental')).toEqual({
      [incremental(2)]: ['last 2'],
      [incremental(3)]: ['last 2', 'last complete incremental'],
    });
  });

  it('keep what is referred to by way of a summary that left it out', () => {
    const lying = [
      ...line.slice(0, 2),
      on(3, { type: 'incremental', references: [incremental(2)] }),
    ];
    const planned = plan([...lying, on(4)], { last: 2 });
    expect(planned[full(1)]).toBe(`for ${incremental(3)}`);
    expect(planned[incremental(2)]).toBe(`for ${incremental(3)}`);
  });

  it('go together when nothing that stays refers to them', () => {
    const planned = plan([...line, on(9)], { last: 1 });
    expect(Object.values(planned)).toEqual([
      'remove',
      'remove',
      'remove',
      ['last 1', 'last complete full'],
    ]);
  });
});

describe('a backup that is not complete', () => {
  it.each(['partial', 'suspect'] as const)(
    '%s uses up nothing, and goes when it is passed',
    (status) => {
      const guard = { compared_with: full(2), by: 'index', accepted: false } as const;
      expect(plan([on(1), on(2), on(3, { status }), on(4, { guard })], { last: 2 })).toEqual({
        [full(1)]: 'remove',
        [full(2)]: ['last 2'],
        [full(3)]: 'remove',
        [full(4)]: ['last 2', 'last complete full'],
      });
    },
  );

  it('stays while it is within keep-days', () => {
    const planned = plan([on(30), on(31, { status: 'partial' }), on(32, dayInFebruary(1))], {
      days: 31,
    });
    expect(planned[full(30)]).toBe('remove');
    expect(planned[full(31)]).toEqual(['within 31 days']);
  });

  it('stays while no complete one of its line is newer', () => {
    const partial = on(5, { status: 'partial' });
    const metadata = on(6, { type: 'metadata' });
    expect(plan([on(4), partial, metadata], { last: 1 })[full(5)]).toEqual([
      'partial, and no trusted one is newer',
    ]);
    expect(plan([partial], { last: 1 })[full(5)]).toHaveLength(1);
  });
});

describe('a backup with a piece missing', () => {
  const broken = (day: number, as: Partial<BackupEntry> = { archiveBytes: null }) =>
    backupEntry(on(day), as);

  it.each([
    ['no archive', null],
    ['an archive cut short', 99],
  ])('(%s) does not push out one that is whole', (_, archiveBytes) => {
    expect(plan([on(1), on(2), broken(3, { archiveBytes })], { last: 1 })).toEqual({
      [full(1)]: 'remove',
      [full(2)]: ['last 1', 'last complete full'],
      [full(3)]: ['last 1', 'last complete full'],
    });
  });

  it('goes when one that is whole would', () => {
    expect(plan([broken(1), on(2), on(3)], { last: 2 })[full(1)]).toBe('remove');
  });

  it('is also one whose reference is gone', () => {
    const orphan = on(3, { type: 'incremental', references: [full(1)] });
    expect(plan([on(2), orphan], { last: 1 })).toEqual({
      [full(2)]: ['last 1', 'last complete full'],
      [incremental(3)]: ['last 1', 'last complete incremental'],
    });
  });
});

describe('what cannot be judged', () => {
  const stays = [expect.stringMatching(/^cannot be evaluated: /)];
  /** As of a summary that says something else. */
  const saying = (fields: Partial<Summary>): BackupEntry => {
    const summary = { ...summaryOf(on(2)), ...fields };
    return { ...backupEntry(on(2)), id: summary.id, summary: { kind: 'valid', summary } };
  };

  it('stays, and all that is older is withheld', () => {
    const unreadable = unreadableBackup('2024-01-02T02:00:00Z');
    expect(plan([on(1), on(3), on(4), unreadable], { last: 1 })).toEqual({
      [full(1)]: `withheld for ${unreadable.id}`,
      [full(3)]: 'remove',
      [full(4)]: ['last 1', 'last complete full'],
      [unreadable.id]: stays,
    });
  });

  it('withholds what comes before an older one in the sequence, though its clock was ahead', () => {
    const ahead = { ...on(1), at: '2024-01-20T02:00:00.000Z' };
    const unreadable = unreadableBackup('2024-01-03T02:00:00Z');
    const planned = plan([ahead, on(2), on(4), on(5), unreadable], { last: 1 });
    expect(planned[full(20)]).toBe(`withheld for ${unreadable.id}`);
    expect(planned[full(4)]).toBe('remove');
  });

  it('withholds all where even the name has no time', () => {
    const unreadable = { ...unreadableBackup(on(1).at), id: 'minio_backup_full_20240199_000000' };
    expect(plan([on(2), on(3), unreadable], { last: 1 })[full(2)]).toMatch(/^withheld/);
  });

  it('of a newer format is no different', () => {
    const newer: BackupEntry = { ...backupEntry(on(2)), summary: { kind: 'newer', version: 9 } };
    const planned = plan([on(1), on(3), on(4), newer], { last: 1 });
    expect(planned[newer.id]).toEqual(stays);
    expect(planned[full(1)]).toBe(`withheld for ${newer.id}`);
  });

  it.each<[string, BackupEntry]>([
    ['has a time that is none', saying({ created_at: 'yesterday' })],
    ['has the summary of another', { ...backupEntry(on(2)), id: full(28) }],
    ['is named for another type', saying({ id: incremental(2) })],
  ])('is one that %s; what it refers to is known', (_, odd) => {
    const planned = plan([on(1), odd, on(3), on(4)], { last: 1 });
    expect(planned[odd.id]).toEqual(stays);
    expect(planned[full(1)]).toBe('remove');
  });
});

describe('retention is suspended', () => {
  const suspect = on(3, { type: 'incremental', status: 'suspect' });
  const asked = (backups: readonly Made[], type?: BackupType) =>
    suspendedLines(
      backups.map((made) => backupEntry(made)),
      { type },
    ).map(({ by }) => by);

  it('by a suspect backup that no trusted one has followed', () => {
    expect(asked([on(1), suspect])).toEqual([incremental(3)]);
    expect(asked([on(1), suspect], 'full')).toEqual([incremental(3)]);
    expect(asked([on(1), suspect, on(4, { status: 'partial' })])).toEqual([incremental(3)]);
    expect(asked([on(1), suspect, on(4, { type: 'metadata' })])).toEqual([incremental(3)]);
  });

  it('no longer when a trusted one has', () => {
    const compared = on(4, { type: 'incremental', parent: full(1) });
    expect(asked([on(1), suspect, compared])).toEqual([]);
    // It was compared with nothing: of a store that is empty it would be complete too.
    expect(asked([on(1), suspect, on(4)])).toEqual([incremental(3)]);
  });

  it('not for metadata, which holds no objects', () => {
    expect(asked([on(1), suspect], 'metadata')).toEqual([]);
  });
});

describe('a suspended line', () => {
  const suspect = (day: number) => on(day, { status: 'suspect' });

  it('loses nothing that is trusted, however old, nor the full that follows uncompared', () => {
    expect(plan([on(1), on(2), suspect(3), on(4)], { last: 1 })).toEqual({
      [full(1)]: [`trusted, while ${full(3)} is suspect`],
      [full(2)]: [`trusted, while ${full(3)} is suspect`, 'last 1', 'last complete full'],
      [full(3)]: ['last 1', 'the newest suspect'],
      [full(4)]: ['complete, and no trusted one is newer'],
    });
  });

  it('has its suspects pruned among themselves, down to the newest', () => {
    const line = [on(1), suspect(2), suspect(3), suspect(4), suspect(5)];
    const kept = (policy: RetentionPolicy) =>
      Object.entries(plan(line, policy)).flatMap(([id, what]) => (what === 'remove' ? [] : [id]));
    expect(kept({ last: 2 })).toEqual([full(1), full(4), full(5)]);
    expect(kept({ days: 1 })).toEqual([full(1), full(5)]);
    expect(kept({ days: NOW_IN_DAYS - 3 })).toEqual([full(1), full(4), full(5)]);
  });

  it('keeps the suspect because of which a full of an old version is not trusted', () => {
    const planned = plan([on(1), suspect(2), on(3), suspect(4)], { last: 1 });
    expect(planned[full(2)]).toEqual([`${full(3)} is not trusted because of it`]);
    expect(planned[full(3)]).toEqual(['complete, and no trusted one is newer']);
  });

  it('keeps a suspect that one that stays refers to', () => {
    const refers = on(4, { status: 'suspect', type: 'incremental', references: [full(3)] });
    expect(plan([on(1), suspect(3), refers], { last: 1 })[full(3)]).toBe(`for ${incremental(4)}`);
  });

  it('is free again when a suspect was accepted', () => {
    const accepted = backupEntry(suspect(3), { accepted: true });
    expect(plan([on(1), on(2), accepted], { last: 1 })).toEqual({
      [full(1)]: 'remove',
      [full(2)]: 'remove',
      [full(3)]: ['last 1', 'last trusted full'],
    });
  });

  it('does not hold the others', () => {
    const other = { source: { buckets: ['temp'] } };
    const planned = plan([on(1), on(2, other), suspect(3), on(4, other)], { last: 1 });
    expect(planned[full(1)]).toEqual(expect.arrayContaining(['last 1']));
    expect(planned[full(2)]).toBe('remove');
  });
});

describe('each line by itself', () => {
  const temp = { source: { buckets: ['temp'] } };

  it('keeps what the policy asks for: the last of one is not the last of another', () => {
    expect(plan([on(1), on(2), on(3, temp), on(4, temp)], { last: 1 })).toEqual({
      [full(1)]: 'remove',
      [full(2)]: ['last 1', 'last complete full'],
      [full(3)]: 'remove',
      [full(4)]: ['last 1', 'last complete full'],
    });
  });

  it('can be the only one in question', () => {
    const backups = [on(1), on(2), on(3, temp), on(4, temp)].map((made) => backupEntry(made));
    const decided = planRetention(backups, { last: 1 }, { now: NOW, lineOf: full(4) });
    expect(decided.map(({ id, kind }) => [id, kind])).toEqual([
      [full(3), 'remove'],
      [full(4), 'keep'],
    ]);
    expect(planRetention(backups, { last: 1 }, { now: NOW, lineOf: full(9) })).toEqual([]);
  });

  it('that has ended goes with time, and a count keeps nothing of it', () => {
    const ended = backupEntry(on(4, temp), { retired: true });
    expect(plan([on(1), on(3, temp), ended], { last: 5 })).toEqual({
      [full(1)]: ['last 5', 'last complete full'],
      [full(3)]: 'remove',
      [full(4)]: 'remove',
    });
    expect(plan([on(3, temp), ended], { days: NOW_IN_DAYS - 3 })).toEqual({
      [full(3)]: 'remove',
      [full(4)]: [`within ${NOW_IN_DAYS - 3} days`],
    });
  });

  it('that has ended keeps what a backup of another line refers to, and what is suspended', () => {
    const ended = backupEntry(on(3, temp), { retired: true });
    const refers = on(4, { type: 'incremental', references: [full(3)] });
    expect(plan([ended, refers], { last: 1 })[full(3)]).toBe(`for ${incremental(4)}`);
    const suspect = backupEntry(on(5, { ...temp, status: 'suspect' }), { retired: true });
    expect(plan([on(3, temp), suspect], { last: 1 })[full(3)]).toHaveLength(3);
  });
});

describe('a partial backup that is trusted', () => {
  it('uses up the policy like a complete one; one that is not pushes out nothing', () => {
    const partial = (supersedes: boolean) => on(3, { status: 'partial', supersedes });
    expect(plan([on(1), on(2), partial(true)], { last: 1 })).toEqual({
      [full(1)]: 'remove',
      [full(2)]: 'remove',
      [full(3)]: ['last 1', 'last trusted full'],
    });
    expect(plan([on(1), on(2), partial(false)], { last: 1 })).toEqual({
      [full(1)]: 'remove',
      [full(2)]: ['last 1', 'last complete full'],
      [full(3)]: ['partial, and no trusted one is newer'],
    });
  });
});

function dayInFebruary(day: number): Partial<Made> {
  return { at: `2024-02-${String(day).padStart(2, '0')}T02:00:00.000Z` };
}
