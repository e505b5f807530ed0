import { describe, expect, it } from 'vitest';
import { findAcceptable } from '../../../../src/repository/lines/acceptance.js';
import { type Made, idAt, backupEntry, unreadableBackup } from '../../../helpers/summaries.js';

const on = (day: number, made: Partial<Made> = {}): Made => ({
  at: `2024-01-0${day}T02:00:00.000Z`,
  sequence: day,
  ...made,
});
const id = (day: number) => idAt(on(day).at);
const accept = (day: number, ...backups: Made[]) =>
  findAcceptable(
    backups.map((made) => backupEntry(made)),
    id(day),
  );

describe('acceptance', () => {
  it('is for a suspect, and for what follows one uncompared', () => {
    const suspect = on(2, { status: 'suspect' });
    expect(accept(2, on(1), suspect)).toMatchObject({ backup: { id: id(2) }, isAccepted: false });
    expect(accept(3, on(1), suspect, on(3))).toMatchObject({ isAccepted: false });
    const before = backupEntry(suspect, { accepted: true });
    expect(findAcceptable([before], id(2))).toMatchObject({ isAccepted: true });
  });

  it.each<[string, Made, string]>([
    ['trusted', on(2), 'is complete and trusted: there is nothing to accept'],
    ['partial', on(2, { status: 'partial' }), 'cannot be accepted: it is partial'],
    [
      'short of objects',
      on(2, { status: 'suspect', supersedes: false }),
      'cannot be accepted: it lacks objects that an older backup holds',
    ],
  ])('is refused for one that is %s', (_, made, message) => {
    expect(() => accept(2, on(1), made)).toThrow(message);
  });

  it('needs a backup that is there, and can be read', () => {
    expect(() => accept(9, on(1))).toThrow(expect.objectContaining({ code: 'not_found' }) as Error);
    const unreadable = unreadableBackup(on(1).at);
    expect(() => findAcceptable([unreadable], unreadable.id)).toThrow('with a readable summary');
  });
});
