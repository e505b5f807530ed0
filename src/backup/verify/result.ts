export interface VerifyProblem {
  /** The backup, where several are verified. */
  id?: string;
  kind: string;
  message: string;
  bucket?: string;
  key?: string;
}

/** The answer of `backup verify`. */
export interface VerifyResult {
  id: string;
  /** `incomplete`: an archive is missing or truncated; `damaged`: any other finding. */
  status: 'ok' | 'damaged' | 'incomplete';
  quick: boolean;
  /**
   * Why the contents of an encrypted backup were not read; absent if they were. Only the stored bytes
   * were then compared with their digests, and `objects` and `bytes` are those of the summary.
   */
  not_opened?: string;
  /** The id of the key that signed the summary; null if none of the signers did. Absent without signers. */
  signed_by?: string | null;
  /** The number of intact objects; with `quick`, of objects in the directory. */
  objects: number;
  bytes: number;
  problems: VerifyProblem[];
  problems_omitted: number;
}

/** A forged archive can have more problems than fit into memory. */
const MAX_PROBLEMS = 10_000;
/** Messages are cut, because a forged key may be very long. */
const LONGEST_MESSAGE = 4096;

const INCOMPLETE = new Set(['archive_missing', 'archive_truncated']);

export function addProblem(
  result: Pick<VerifyResult, 'status' | 'problems' | 'problems_omitted'>,
  kind: string,
  message: string,
  name: Pick<VerifyProblem, 'id' | 'bucket' | 'key'> = {},
): void {
  if (result.problems.length < MAX_PROBLEMS) {
    const isLong = message.length > LONGEST_MESSAGE;
    const shown = isLong ? `${message.slice(0, LONGEST_MESSAGE).toWellFormed()}…` : message;
    result.problems.push({
      ...(name.id === undefined ? {} : { id: name.id }),
      kind,
      message: shown,
      ...name,
    });
  } else result.problems_omitted += 1;
  if (INCOMPLETE.has(kind)) result.status = 'incomplete';
  else if (result.status === 'ok') result.status = 'damaged';
}
