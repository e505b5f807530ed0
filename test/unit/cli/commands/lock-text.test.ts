import { describe, expect, it } from 'vitest';
import { lockFields } from '../../../../src/cli/commands/backup/lock-text.js';
import { presentationFor } from '../../../../src/cli/output/columns.js';
import type { LockState } from '../../../../src/repository/lock-state.js';

const UNTIL = '2026-12-30T03:21:04.043Z';

const state: LockState = {
  ...{ status: 'short', problem: null, hidden: [], as_stored_at: null, later: [] },
  newest: [{ line: 'a', id: 'ID', mode: 'GOVERNANCE', until: UNTIL, kept_until: UNTIL }],
  short: [{ file: 'ID.tar.gz', until: UNTIL }],
};

describe('the locks in "backup status"', () => {
  it.each([
    ['a terminal', true, '2026-12-30 03:21:04 UTC'],
    ['a pipe', false, UNTIL],
  ])('tells on %s when a lock ends as a time', (_where, isTerminal, until) => {
    const people = presentationFor(isTerminal, () => new Date('2026-11-30T00:00:00Z'));
    expect(lockFields({ people }, state, 's3://locked').map(({ text }) => text)).toEqual([
      `ID until ${until} (GOVERNANCE), as long as it is kept`,
      expect.stringContaining(`ID.tar.gz only until ${until}`),
    ]);
  });
});
