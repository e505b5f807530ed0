import { MangamotionError } from '../../../errors.js';
import type { QueueState } from '../../../jobs/job.js';
import { QUEUE_STATES } from '../../../jobs/job.js';
import type { JobFilter } from '../../../jobs/row.js';
import type { Moment } from '../../../moment.js';
import { parseBegin, parseMoment } from '../../../moment.js';
import { LISTED_STATUSES, statusesIn } from '../../../reports/jobs/filter.js';

export const FILTER_OPTIONS = {
  user: {
    value: 'id',
    description: 'only jobs of this user',
    parse: readUser,
    complete: 'user',
  },
  status: {
    value: 'list',
    description: `only these statuses, separated by commas: ${LISTED_STATUSES.join(', ')}`,
    parse: readStatuses,
  },
  state: {
    value: 'list',
    description: `only these states in the queue, separated by commas: ${QUEUE_STATES.join(', ')}`,
    parse: readStates,
  },
  since: {
    value: 'time',
    description: 'only jobs since this time: 2026-11-24, "2026-11-24 08:00", 7d, 36h',
    parse: parseBegin,
  },
  until: {
    value: 'time',
    description: 'only jobs up to this time; a date includes the whole day',
    parse: parseMoment,
  },
} as const;

export interface FilterValues {
  user: string | undefined;
  status: readonly string[] | undefined;
  state: readonly QueueState[] | undefined;
  since: Moment | undefined;
  until: Moment | undefined;
}

/** Throws `usage` where nothing can be between the ends. */
export function filterOf(
  { user, status, state, since, until }: FilterValues,
  now: Date,
): JobFilter {
  const [from, to] = [since?.(now), until?.(now)];
  if (from !== undefined && to !== undefined && from > to) {
    throw new MangamotionError('usage', '--since is after --until: no job can match');
  }
  return { userId: user, statuses: status, states: state, since: from, until: to };
}

function readUser(text: string): string {
  if (text !== '') return text;
  throw new MangamotionError('usage', 'must not be empty');
}

function readStatuses(text: string): string[] {
  const statuses = statusesIn(text);
  if (statuses !== undefined) return statuses;
  throw new MangamotionError('usage', `must be one or more of ${LISTED_STATUSES.join(', ')}`);
}

function readStates(text: string): QueueState[] {
  const states = text.split(',').map((word) => word.trim().toLowerCase());
  const known = states.flatMap((state) => QUEUE_STATES.filter((one) => one === state));
  if (known.length === states.length) return known;
  throw new MangamotionError('usage', `must be one or more of ${QUEUE_STATES.join(', ')}`);
}
