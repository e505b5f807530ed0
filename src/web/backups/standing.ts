import type {
  DestinationDocument,
  DrillDocument,
  DrillsDocument,
} from '../data/backup-documents.js';
import { countOf, formatBytes } from '../text/numbers.js';
import { durationText, limitText, spanText } from '../text/times.js';

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
  { destination, problem, status, last_verified: verified, drills }: DestinationDocument,
  now: Date,
): Fault[] {
  const faults: Fault[] = [];
  const evidence = [...verificationFaults(status, verified, now), ...drillFaults(drills, now)];
  if (problem !== null)
    faults.push({
      word: 'cannot be read',
      because: `cannot be read: ${problem.error.replace(`: ${destination}`, '')}`,
    });
  else if (status === null) faults.push({ word: 'not read yet', because: 'was not read yet' });
  if (status === null) return [...faults, ...evidence];
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
  return [...faults, ...evidence];
}

function verificationFaults(
  status: DestinationDocument['status'],
  verified: DestinationDocument['last_verified'],
  now: Date,
): Fault[] {
  const verification = status?.verification ?? null;
  if (verification !== null) {
    const { damaged_bytes: damaged, overdue_bytes: overdue, within_seconds: within } = verification;
    switch (verification.status) {
      case 'ok':
        return [];
      case 'damaged': {
        const because = `has ${formatBytes(damaged)} that was damaged when it was last read`;
        return [{ word: 'damage found', because }];
      }
      case 'stopped':
        return [{ word: 'verify has stopped', because: 'is not verified any more' }];
      case 'overdue': {
        const because = `has ${formatBytes(overdue)} that was not read for ${limitText(within)}`;
        return [{ word: 'verify is late', because }];
      }
    }
  }
  if (verified === null) return [];
  const overSeconds = secondsSince(verified.at, now) - verified.limit_seconds;
  if (overSeconds <= 0) return [];
  return [{ word: 'verify is late', because: `is ${spanText(overSeconds)} late to be verified` }];
}

function drillFaults({ status, limit_seconds: limit, problem, last }: DrillsDocument, now: Date) {
  const faults: Fault[] = [];
  const shown = shownDrill(last)?.scenario ?? '';
  if (status === 'missed')
    faults.push({ word: 'drill missed', because: `missed the objective of its ${shown} drill` });
  if (status === 'not_proven')
    faults.push({ word: 'drill not proven', because: `is not proven by its ${shown} drill` });
  if (status === 'overdue') {
    const overSeconds = secondsSince(last[0]?.at ?? '', now) - limit;
    faults.push({ word: 'drill is late', because: `is ${spanText(overSeconds)} late for a drill` });
  }
  if (status === 'unknown') {
    const because =
      problem === null && last.length > 0 && secondsSince(last[0]?.at ?? '', now) < 0
        ? 'has a drill that is dated in the future'
        : 'has records of drills that cannot be read';
    faults.push({ word: 'drills unknown', because });
  }
  return faults;
}

/** Returns the drill that is shown first: one that missed, else one that proved nothing, else the last. */
export function shownDrill(last: readonly DrillDocument[]): DrillDocument | undefined {
  return (
    last.find(({ verdict }) => verdict === 'missed') ??
    last.find(({ verdict }) => verdict === 'not_proven') ??
    last[0]
  );
}

export function secondsSince(time: string, now: Date): number {
  return (now.getTime() - Date.parse(time)) / 1000;
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

/** `41 min of 2 h`, `≈ 2.4 s of 1 h`; the time may be unknown. */
export function ofLimitText(seconds: number | null, limit: number, extrapolated = false): string {
  if (seconds === null) return `? of ${limitText(limit)}`;
  const took = seconds < 60 ? durationText(seconds) : spanText(seconds);
  return `${extrapolated ? '≈ ' : ''}${took} of ${limitText(limit)}`;
}

/** `not proven` */
export function verdictText(verdict: DrillDocument['verdict']): string {
  return verdict.replace('_', ' ');
}

export interface Gauge {
  /** Of the limit, in per cent, at most 100. */
  percent: number;
  state: 'ok' | 'near' | 'over' | 'unknown';
  /** `limit 2 h`, `limit 2 h, 26 min over` */
  text: string;
}

/** From this share of the limit on it is near. */
const NEAR_PERCENT = 80;

/** Returns an age against its limit, both in seconds; `undefined` without one of them. */
export function gaugeOf(age: number | null, limit: number | null): Gauge | undefined {
  if (age === null || limit === null || limit <= 0) return undefined;
  const percent = Math.min(100, Math.max(0, (age / limit) * 100));
  const text = `limit ${limitText(limit)}`;
  if (age > limit)
    return { percent, state: 'over', text: `${text}, ${spanText(age - limit)} over` };
  return { percent, state: percent >= NEAR_PERCENT ? 'near' : 'ok', text };
}
