import type { Coverage } from '../../../repository/readings.js';
import type { Tone } from '../../output/paint.js';
import type { Presentation } from '../../output/columns.js';
import { countOf } from '../../output/units.js';

/** Says how much of a destination was read within a period, and first of all what of it is damaged. */
export function coverageText(
  people: Presentation,
  coverage: Coverage,
  withinSeconds: number,
): { text: string; tone?: Tone } {
  const { damaged_bytes: damaged } = coverage;
  const share = shareText(people, coverage, withinSeconds);
  if (damaged === 0) return share;
  const text = `${people.bytes(damaged)} was damaged when it was last read; ${share.text}`;
  return { text, tone: 'bad' };
}

function shareText(
  people: Presentation,
  { total_bytes: total, read_bytes: read, oldest_read_at: oldest }: Coverage,
  withinSeconds: number,
): { text: string; tone?: Tone } {
  const days = withinSeconds / 86_400;
  const period = Number.isInteger(days) ? countOf(days, 'day') : people.duration(withinSeconds);
  if (total === 0) return { text: 'there is nothing to read' };
  if (read >= total) return { text: `every byte was read within ${period}`, tone: 'good' };
  // Rounded down: 99.9 % must not look like everything.
  const share = Math.floor((read / total) * 100);
  const since = oldest === null ? 'some never' : `the rest last on ${people.time(oldest)} or later`;
  return { text: `${share} % of ${people.bytes(total)} was read within ${period}, ${since}` };
}
