import { expect, it } from 'vitest';
import { withMark } from '../../../src/cli/commands/backup/status-marks.js';
import { statusLabel, statusTone } from '../../../src/cli/commands/jobs/status-marks.js';
import { JOB_STATUSES } from '../../../src/billing/event.js';
import { STATUSES } from '../../../src/jobs/job.js';

const ALL_STATUSES = [...new Set([...STATUSES, ...JOB_STATUSES])];

it('every status of a job has a mark and a colour of its own', () => {
  const labels = ALL_STATUSES.map((status) => statusLabel({ status, state: null }));
  expect(labels.filter((label) => label.startsWith('?'))).toEqual([]);
  expect(new Set(labels.map(([mark]) => mark)).size).toBe(ALL_STATUSES.length);
  expect(new Set(ALL_STATUSES.map(statusTone)).size).toBe(ALL_STATUSES.length);
});

it.each(['banana', '', '__proto__', 'constructor'])(
  'the status %j of a job is unknown',
  (status) => {
    expect([statusLabel({ status, state: null }), statusTone(status)]).toEqual([
      `? ${status}`,
      'muted',
    ]);
  },
);

it.each([
  ['complete', '✓ complete', 'good'],
  ['ok', '✓ ok', 'good'],
  ['partial', '✕ partial', 'bad'],
  ['suspect', '✕ suspect', 'bad'],
  ['damaged', '✕ damaged', 'bad'],
  ['overdue', '✕ overdue', 'bad'],
  ['retired', '– retired', 'muted'],
  ['unknown', '? unknown', 'waiting'],
  ['constructor', '✕ constructor', 'bad'],
])('the status %s of a backup is %j', (status, text, tone) => {
  expect(withMark(status)).toEqual({ text, tone });
});
