/** So many firings of an entry that were missed are told of one by one. */
const MOST_TOLD = 1000;

export interface MissedFirings {
  at: Date;
  /** That it stands for, itself too. */
  count: number;
  reason: string;
}

const REASON = 'no daemon was running, or the clock was set forward';

/** One for each, or where there are too many one for all. */
export function countOfMissed(missed: readonly Date[]): MissedFirings[] {
  const [first, last] = [missed[0], missed.at(-1)];
  if (first === undefined || last === undefined) return [];
  if (missed.length <= MOST_TOLD) return missed.map((at) => ({ at, count: 1, reason: REASON }));
  const range = `${first.toISOString()} to ${last.toISOString()}`;
  return [{ at: first, count: missed.length, reason: `${REASON}, from ${range}` }];
}
