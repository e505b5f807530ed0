import { describe, expect, it } from 'vitest';
import { orderConflict } from '../../../../src/repository/copy/line-order.js';
import { backupEntry } from '../../../helpers/summaries.js';

const on = (day: number, sequence: number, endpoint = 'http://127.0.0.1:9000') =>
  backupEntry({
    at: `2026-01-${String(day).padStart(2, '0')}T00:00:00.000Z`,
    sequence,
    source: { endpoint },
  });

/** Judges copies of `copied` into a destination that holds `there`. */
function judge(
  copied: ReturnType<typeof on>[],
  there: ReturnType<typeof on>[],
  atSource: ReturnType<typeof on>[] = copied,
) {
  return orderConflict(copied, there, new Set(atSource.map(({ id }) => id)));
}

describe('sequence numbers of copies', () => {
  it('fit into an empty destination, and behind earlier copies of the same backups', () => {
    const all = [on(1, 1), on(2, 2), on(3, 3)];
    expect(judge(all, [])).toBeUndefined();
    expect(judge(all, all.slice(0, 2))).toBeUndefined();
    // The source has pruned what was copied before.
    expect(judge(all.slice(2), all.slice(0, 2), all.slice(2))).toBeUndefined();
    // An earlier one is copied late.
    expect(judge(all.slice(0, 1), all.slice(1), all)).toBeUndefined();
  });

  it('are refused where they would put an old backup in front, or a new one behind', () => {
    const [old, made] = [on(1, 50), on(5, 2)];
    expect(judge([old], [made])).toMatchObject({ copied: old.id, there: made.id });
    // The source was begun anew: its numbers start from 1 again.
    const [early, fresh] = [on(1, 300), on(9, 1)];
    expect(judge([fresh], [early])).toMatchObject({ copied: fresh.id, there: early.id });
    expect(judge([on(3, 2)], [on(1, 1), on(5, 3)])).toBeUndefined();
    const hidden = [on(1, 1), on(6, 2), on(3, 9)];
    expect(judge([on(5, 4)], hidden)).toMatchObject({ there: on(6, 2).id });
  });

  it('may be equal, and do not matter between lines', () => {
    expect(judge([on(2, 7)], [on(1, 7)])).toBeUndefined();
    expect(judge([on(1, 50)], [on(5, 2, 'http://other:9000')])).toBeUndefined();
  });

  it('of a clock that was set back at the source are the order of the source', () => {
    const all = [on(5, 1), on(1, 2)];
    expect(judge(all, [])).toBeUndefined();
    expect(judge(all.slice(1), all.slice(0, 1), all)).toBeUndefined();
  });
});
