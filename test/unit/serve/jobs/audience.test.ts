import { describe, expect, it } from 'vitest';
import type { JobRow } from '../../../../src/jobs/row.js';
import { newsFor, newsOfMissed } from '../../../../src/serve/jobs/audience.js';

const row = (userId: string | null, status: string): JobRow =>
  ({ id: '1', userId, status }) as JobRow;
const change = (before: JobRow | undefined, after: JobRow | undefined) => ({
  ...{ id: '1', eventId: '1-1', ending: undefined, awaitsRecord: false },
  ...{ before, row: after },
});
const all = { userId: undefined, statuses: undefined };
const alice = { userId: 'alice', statuses: undefined };
const failures = { userId: 'alice', statuses: ['failed'] };
const [hers, his, herFailure] = [
  row('alice', 'pending'),
  row('bob', 'pending'),
  row('alice', 'failed'),
];

describe('what a client is told', () => {
  it.each([
    ['of a new job', all, undefined, his, 'job'],
    ['of an own job', alice, undefined, hers, 'job'],
    ['of the job of another', alice, undefined, his, undefined],
    ['of the job of nobody', alice, undefined, row(null, 'pending'), undefined],
    ['of a job that has become another user’s', alice, hers, his, 'removed'],
    ['of a status that it has not asked for', failures, undefined, hers, 'removed'],
    [
      'of another status that it has not asked for',
      failures,
      hers,
      row('alice', 'completed'),
      undefined,
    ],
    ['of a failure that is tried again', failures, herFailure, hers, 'removed'],
    ['of a job that is gone', alice, hers, undefined, 'removed'],
    ['of the job of another that is gone', alice, his, undefined, undefined],
    ['of a job that is gone, and was never read', alice, undefined, undefined, 'reset'],
    ['of the same, where it sees all', all, undefined, undefined, 'removed'],
  ])('%s', (_what, audience, before, after, news) => {
    expect(newsFor(audience, change(before, after))).toBe(news);
  });

  it('does not rest on what it has missed', () => {
    const processing = row('alice', 'processing');
    expect(newsOfMissed(failures, change(processing, processing))).toBe('removed');
    expect(newsOfMissed(alice, change(his, undefined))).toBeUndefined();
    expect(newsOfMissed(failures, change(hers, undefined))).toBe('removed');
    expect(newsOfMissed(alice, change(undefined, undefined))).toBe('reset');
  });
});
