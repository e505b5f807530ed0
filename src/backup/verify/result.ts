export interface VerifyProblem {
  kind: string;
  message: string;
  bucket?: string;
  key?: string;
}

/** The answer of `backup verify`. */
export interface VerifyResult {
  id: string;
  /** `incomplete`: an archive is missing or cut off; `damaged`: any other finding. */
  status: 'ok' | 'damaged' | 'incomplete';
  quick: boolean;
  /** Objects that are there and right (with `quick`: that the directory names). */
  objects: number;
  bytes: number;
  /** The first 10,000. */
  problems: VerifyProblem[];
  /** How many problems are not named. */
  problems_omitted: number;
}

/** A forged archive can be wrong in more ways than there is memory to name. */
const MOST_PROBLEMS = 10_000;
/** A key may have a line to itself. */
const LONGEST_MESSAGE = 4096;

const INCOMPLETE = new Set(['archive_missing', 'archive_truncated']);

/** Adds a problem, and what it means for the whole. */
export function found(
  result: VerifyResult,
  kind: string,
  message: string,
  name: { bucket?: string; key?: string } = {},
): void {
  if (result.problems.length < MOST_PROBLEMS) {
    const isLong = message.length > LONGEST_MESSAGE;
    const shown = isLong ? `${message.slice(0, LONGEST_MESSAGE).toWellFormed()}…` : message;
    result.problems.push({ kind, message: shown, ...name });
  } else result.problems_omitted += 1;
  if (INCOMPLETE.has(kind)) result.status = 'incomplete';
  else if (result.status === 'ok') result.status = 'damaged';
}
