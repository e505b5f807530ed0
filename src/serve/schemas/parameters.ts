import * as v from 'valibot';
import type { Day, Month } from '../../billing/calendar.js';
import { parseDay, parseMonth } from '../../billing/calendar.js';
import { isQueueText } from '../../jobs/queue/layout.js';
import { parseBegin, parseMoment, type Moment } from '../../moment.js';
import { LISTED_STATUSES, statusesIn } from '../../reports/jobs/filter.js';

/** An id is any text that is not empty; Redis keys have them. */
const id = v.pipe(v.string(), v.nonEmpty('is empty'), v.maxLength(1024, 'is longer than 1024'));

export const jobId = v.pipe(id, v.description('the id of the job'));
export const optionalUserId = v.optional(
  v.pipe(id, v.description('the id of the user; users may leave out their own')),
);

export const optionalIdPart = v.optional(
  v.pipe(id, v.description('a part of the id of the job, or all of it, in upper or lower case')),
);

export const optionalMonth = v.optional(
  v.pipe(
    v.string(),
    v.regex(/^\d{4}-(?:0[1-9]|1[0-2])$/, 'must be a month like 2026-11'),
    v.check((text): text is Month => parseMonth(text) !== undefined, 'is not in the calendar'),
    v.description('a month, in UTC'),
  ),
);

export const optionalDay = v.optional(
  v.pipe(
    v.string(),
    v.isoDate('must be a date like 2026-11-24'),
    v.check((text): text is Day => parseDay(text) !== undefined, 'is not in the calendar'),
    v.description('a day, in UTC'),
  ),
);

export const flag = v.optional(
  v.pipe(
    v.picklist(['true', 'false', '1', '0'], 'must be true or false'),
    v.transform((text) => text === 'true' || text === '1'),
  ),
  'false',
);

type NumberField<Output> = v.GenericSchema<string | undefined, Output>;

export function wholeNumber(least: number, most: number, fallback: number): NumberField<number>;
export function wholeNumber(least: number, most: number): NumberField<number | undefined>;
export function wholeNumber(
  least: number,
  most: number,
  fallback?: number,
): NumberField<number> | NumberField<number | undefined> {
  const message = `must be a whole number from ${least} to ${most}`;
  const number = v.pipe(
    v.string(),
    v.regex(/^\d{1,15}$/, message),
    v.transform(Number),
    v.minValue(least, message),
    v.maxValue(most, message),
  );
  return v.optional(number, fallback === undefined ? undefined : String(fallback));
}

const LONGEST = 256;
const short = v.pipe(v.string(), v.maxLength(LONGEST, `is longer than ${LONGEST}`));

export const optionalStatuses = v.optional(
  v.pipe(
    short,
    v.transform(statusesIn),
    v.array(v.string(), `must be one or more of ${LISTED_STATUSES.join(', ')}`),
    v.description('statuses, separated by commas'),
  ),
);

export const optionalQueue = v.optional(
  v.pipe(
    short,
    v.check(isQueueText, 'must be the name of a queue, or PREFIX:NAME'),
    v.description('another queue, for administrators'),
  ),
);

const moment = (parse: (text: string) => Moment, description: string) =>
  v.optional(
    v.pipe(
      short,
      v.rawTransform(({ dataset, addIssue, NEVER }) => {
        try {
          return parse(dataset.value);
        } catch {
          addIssue({ message: 'must be a time like 2026-11-24, 2026-11-24T08:00:00Z, 36h or 7d' });
          return NEVER;
        }
      }),
      v.description(description),
    ),
  );

/** A day means its begin. */
export const optionalBegin = moment(parseBegin, 'the first time, in UTC');
/** A day means its end. */
export const optionalMoment = moment(parseMoment, 'the last time, in UTC');

export function choice<const Word extends string>(words: readonly Word[], fallback: Word) {
  return v.optional(v.picklist(words, `must be one of ${words.join(', ')}`), fallback);
}
