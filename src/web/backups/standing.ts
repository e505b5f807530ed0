import type { DestinationDocument } from '../data/backup-documents.js';
import { countOf } from '../text/numbers.js';
import { spanText } from '../text/times.js';

export interface Standing {
  isInOrder: boolean;
  /** For the cell. */
  word: string;
  /** For the sentence, behind the name of the destination; empty if it is in order. */
  because: string;
}

/** Returns how a destination stands. What nobody could read is not in order. */
export function standingOf(destination: DestinationDocument, now: Date): Standing {
  const [first, ...others] = faultsOf(destination, now);
  if (first === undefined) return { isInOrder: true, word: 'in order', because: '' };
  const because = others.length === 0 ? first.because : `${first.because}, and more`;
  return { isInOrder: false, word: first.word, because };
}

type Fault = Pick<Standing, 'word' | 'because'>;

/** Returns what is not in order at a destination, the worst first. */
export function faultsOf(
  { destination, problem, status }: DestinationDocument,
  now: Date,
): Fault[] {
  const faults: Fault[] = [];
  if (problem !== null)
    faults.push({
      word: 'cannot be read',
      because: `cannot be read: ${problem.error.replace(`: ${destination}`, '')}`,
    });
  else if (status === null) faults.push({ word: 'not read yet', because: 'was not read yet' });
  if (status === null) return faults;
  const { freshness, lines, chains, retention } = status;
  if (freshness.status === 'missing')
    faults.push({ word: 'no complete backup', because: 'has no complete backup' });
  if (freshness.status === 'overdue')
    faults.push({ word: 'backup is late', because: `is ${overText(freshness, now)}late` });
  const late = lines.filter(
    (line) =>
      line.counts && line.line !== status.line && ['overdue', 'missing'].includes(line.status),
  );
  if (late.length > 0) {
    const text = `${countOf(late.length, 'line')} late`;
    faults.push({ word: text, because: `has ${text}: ${late.map(({ line }) => line).join(', ')}` });
  }
  if (chains.status === 'broken') {
    const text = countOf(chains.problems.length, 'fault');
    faults.push({ word: `chain: ${text}`, because: `has ${text} in its chain` });
  }
  if (retention.suspended_by !== null) {
    const because = 'has a suspect backup, so that nothing expires';
    faults.push({ word: 'suspect backup', because });
  }
  return faults;
}

/** `26 min `. The age is told from now: an answer that stays the same is not sent again. */
function overText(
  {
    newest_complete: newest,
    max_age_seconds: limit,
  }: NonNullable<DestinationDocument['status']>['freshness'],
  now: Date,
): string {
  if (newest === null || limit === null) return '';
  const age = (now.getTime() - Date.parse(newest.created_at)) / 1000;
  return Number.isNaN(age) || age < limit ? '' : `${spanText(age - limit)} `;
}

export interface Gauge {
  /** Of the limit, in per cent, at most 100. */
  percent: number;
  state: 'ok' | 'near' | 'over';
  /** `limit 2 h`, `limit 2 h, 26 min over` */
  text: string;
}

/** From this share of the limit on it is near. */
const NEAR_PERCENT = 80;

/** Returns an age against its limit, both in seconds; `undefined` without one of them. */
export function gaugeOf(age: number | null, limit: number | null): Gauge | undefined {
  if (age === null || limit === null || limit <= 0) return undefined;
  const percent = Math.min(100, Math.max(0, (age / limit) * 100));
  const text = `limit ${spanText(limit)}`;
  if (age > limit)
    return { percent, state: 'over', text: `${text}, ${spanText(age - limit)} over` };
  return { percent, state: percent >= NEAR_PERCENT ? 'near' : 'ok', text };
}
