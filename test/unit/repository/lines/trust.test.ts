import { describe, expect, it } from 'vitest';
import { linesOf } from '../../../../src/repository/lines/lines.js';
import type { BackupEntry } from '../../../../src/repository/destination.js';
import { type Made, idAt, backupEntry } from '../../../helpers/summaries.js';

const on = (day: number, made: Partial<Made> = {}): Made => ({
  at: `2024-01-0${day}T02:00:00.000Z`,
  sequence: day,
  ...made,
});
const id = (day: number, type: Made['type'] = 'full') => idAt(on(day).at, type);
const compared: Made['guard'] = { compared_with: id(1), by: 'index', accepted: false };

/** Which days are trusted, why the others are not, and what suspends the line. */
function trustOf(...backups: (Made | BackupEntry)[]) {
  const [line] = linesOf(backups.map((backup) => ('id' in backup ? backup : backupEntry(backup))));
  if (line === undefined) throw new Error('there is no line');
  return {
    trusted: line.backups.flatMap(({ summary, untrusted }) =>
      untrusted === undefined ? [summary.sequence] : [],
    ),
    reasons: line.backups.flatMap(({ untrusted }) => untrusted ?? []),
    suspendedBy: line.suspendedBy,
    newest: line.newestTrusted?.id,
  };
}

describe('a backup is trusted', () => {
  it('where it is complete, and a partial one where it says that it supersedes', () => {
    expect(trustOf(on(1), on(2, { status: 'partial', supersedes: true }))).toEqual({
      trusted: [1, 2],
      reasons: [],
      suspendedBy: undefined,
      newest: id(2),
    });
  });

  it.each<[string, Partial<Made>, string]>([
    ['an old partial one', { status: 'partial' }, 'it is partial'],
    [
      'one that lacks something',
      { status: 'partial', supersedes: false },
      'it is partial, and lacks objects that an older backup holds',
    ],
    [
      'a complete one that says so of itself',
      { supersedes: false },
      'it is complete, and lacks objects that an older backup holds',
    ],
    ['a suspect one', { status: 'suspect', guard: compared }, 'it is suspect'],
  ])('but not %s', (_, made, reason) => {
    const trust = trustOf(on(1), on(2, made));
    expect(trust).toMatchObject({ trusted: [1], reasons: [reason], newest: id(1) });
  });

  it('of metadata, without being what holds objects, or ending a suspicion', () => {
    const metadata = on(3, { type: 'metadata' });
    expect(trustOf(on(1), on(2, { status: 'suspect' }), metadata)).toMatchObject({
      trusted: [1, 3],
      suspendedBy: id(2),
      newest: id(1),
    });
  });
});

describe('after a suspect', () => {
  const suspect = on(2, { status: 'suspect' });
  const follows = `it follows the suspect ${id(2)} and was not compared with a trusted one`;

  it('an old full is not trusted: nobody has compared it', () => {
    expect(trustOf(on(1), suspect, on(3))).toEqual({
      trusted: [1],
      reasons: ['it is suspect', follows],
      suspendedBy: id(2),
      newest: id(1),
    });
  });

  it('a backup that was compared is trusted, and ends the suspicion for those after it', () => {
    expect(trustOf(on(1), suspect, on(3, { guard: compared }), on(4))).toMatchObject({
      trusted: [1, 3, 4],
      suspendedBy: undefined,
    });
  });

  it('one that was compared with nothing is not, though there was something', () => {
    const nothing = { compared_with: null, by: 'nothing', accepted: false } as const;
    const alone = on(3, { guard: nothing });
    expect(trustOf(on(1), suspect, alone)).toMatchObject({ trusted: [1] });
    const meant = on(3, { guard: { ...nothing, accepted: true } });
    expect(trustOf(on(1), suspect, meant)).toMatchObject({ trusted: [1, 3] });
    expect(trustOf(suspect, alone)).toMatchObject({ trusted: [3], suspendedBy: undefined });
  });

  it('an old incremental is trusted where its parent precedes the suspect', () => {
    const incremental = (day: number, parent: string) => on(day, { type: 'incremental', parent });
    expect(trustOf(on(1), suspect, incremental(3, id(1)))).toMatchObject({
      trusted: [1, 3],
      suspendedBy: undefined,
    });
    // Compared with what follows the suspect, or with what nobody knows.
    expect(trustOf(on(1), suspect, on(3), incremental(4, id(3)))).toMatchObject({ trusted: [1] });
    expect(trustOf(on(1), suspect, incremental(4, id(9)))).toMatchObject({ trusted: [1] });
  });

  it('an old incremental has to precede the first of several suspects', () => {
    const again = on(4, { status: 'suspect' });
    const parent = id(3);
    const trust = trustOf(on(1), suspect, on(3), again, on(5, { type: 'incremental', parent }));
    expect(trust).toMatchObject({ trusted: [1], suspendedBy: id(4) });
  });

  it('acceptance of any of them ends the suspicion', () => {
    const accepted = (made: Made) => backupEntry(made, { accepted: true });
    expect(trustOf(on(1), accepted(suspect), on(3))).toMatchObject({
      trusted: [1, 2, 3],
      suspendedBy: undefined,
    });
    expect(trustOf(on(1), suspect, accepted(on(3)))).toMatchObject({
      trusted: [1, 3],
      suspendedBy: undefined,
    });
  });

  it('acceptance does not make up for objects that are missing', () => {
    const lacking = on(2, { status: 'suspect', supersedes: false });
    expect(trustOf(on(1), backupEntry(lacking, { accepted: true }))).toMatchObject({
      trusted: [1],
      reasons: ['it is suspect, and lacks objects that an older backup holds'],
      suspendedBy: undefined,
    });
  });
});
