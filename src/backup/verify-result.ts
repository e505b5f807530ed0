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
  problems: VerifyProblem[];
}

const INCOMPLETE = new Set(['archive_missing', 'archive_truncated']);

/** Adds a problem, and what it means for the whole. */
export function found(
  result: VerifyResult,
  kind: string,
  message: string,
  name: { bucket?: string; key?: string } = {},
): void {
  result.problems.push({ kind, message, ...name });
  if (INCOMPLETE.has(kind)) result.status = 'incomplete';
  else if (result.status === 'ok') result.status = 'damaged';
}
