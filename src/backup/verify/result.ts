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
  /** Which of how many shares was read; absent if it was all of the backup. */
  share?: number;
  shares?: number;
  /**
   * The number of archives and index chunks in the share, or of files of an encrypted backup that was not
   * opened. 0: nothing was left for this share. Absent without one.
   */
  pieces?: number;
  /**
   * Why the contents of an encrypted backup were not read; absent if they were. Only the stored bytes
   * were then compared with their digests, and `objects` and `bytes` are those of the summary; with
   * shares, they are told by the first.
   */
  not_opened?: string;
  /** The id of the key that signed the summary; null if none of the signers did. Absent without signers. */
  signed_by?: string | null;
  /**
   * The number of intact objects that were read; with `quick`, of objects in the directory. Those of all shares
   * add up to those of the backup.
   */
  objects: number;
  bytes: number;
  problems: VerifyProblem[];
  problems_omitted: number;
}

/** A forged archive can have more problems than fit into memory. */
const MAX_PROBLEMS = 10_000;
/** Messages are cut, because a forged key may be very long. */
const LONGEST_MESSAGE = 4096;

/** Returns the result of a check that has found nothing yet. */
export function newResult(id: string, quick: boolean): VerifyResult {
  return {
    ...{ id, status: 'ok', quick, objects: 0, bytes: 0, problems: [], problems_omitted: 0 },
  };
}

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
