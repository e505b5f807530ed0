import { type LockState, optionsOfPast } from '../../../repository/lock-state.js';
import type { Presentation } from '../../output/columns.js';
import type { Field, Page } from '../../output/page.js';
import { countOf } from '../../output/units.js';
import { withMark } from './status-marks.js';

/** Files that people are shown; the JSON has them all. */
const MOST_FILES = 3;

/** What `backup status` says of object locks; nothing for a destination without. */
export function lockFields(
  { people }: Pick<Page, 'people'>,
  state: LockState | null,
  location: string,
): Field[] {
  if (state === null) return [];
  const { newest, short, hidden, problem } = state;
  const locked = newest.map(({ id, mode, until, kept_until: kept }) =>
    until === null
      ? { label: 'locked', ...withMark('unlocked', `${id} is not locked, and earlier ones are`) }
      : {
          label: problem === null ? 'locked' : 'lock set',
          text: `${id} until ${untilTime(people, until)} (${mode ?? ''}), ${comparison(until, kept)}`,
        },
  );
  const tooShort = short.slice(0, MOST_FILES).map(({ file, until }) => ({
    label: 'locked',
    ...withMark(
      'short',
      until === null ? `${file} is not locked` : `${file} only until ${untilTime(people, until)}`,
    ),
  }));
  const over = hidden.slice(0, MOST_FILES).map(({ file, by, at }) => ({
    label: 'hidden',
    ...withMark(
      'hidden',
      `${file} by ${by === 'deletion' ? 'a deletion' : 'an overwrite'} of ${at}`,
    ),
  }));
  const next =
    hidden.length === 0
      ? []
      : [
          {
            label: 'hidden',
            text: `${countOf(hidden.length, 'locked file')} in all; what was there: mangamotion backup list ${location} ${optionsOfPast(state)}`,
          },
        ];
  const unknown = problem === null ? [] : [{ label: 'locks', ...withMark('unknown', problem) }];
  return [...locked, ...unknown, ...tooShort, ...over, ...next];
}

/** Returns the time at which a lock ends. A relative time would read "until in 29 days". */
export function untilTime(people: Presentation, until: string): string {
  return people.onTerminal ? people.clock(until) : until;
}

const DAY_MS = 86_400_000;

function comparison(until: string, kept: string): string {
  const days = Math.round((Date.parse(until) - Date.parse(kept)) / DAY_MS);
  if (days === 0) return 'as long as it is kept';
  return `${countOf(Math.abs(days), 'day')} ${days < 0 ? 'less' : 'more'} than it is kept`;
}
