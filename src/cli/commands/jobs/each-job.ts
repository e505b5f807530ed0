import { countOf } from '../../output/units.js';
import {
  type ErrorCode,
  exitStatusOf,
  isMangamotionError,
  MangamotionError,
} from '../../../errors.js';
import type { CommandContext } from '../../argv/command.js';

/** A job of several that failed, as `--json` names it. */
interface JobFailure {
  job_id: string;
  code: ErrorCode;
  reason: string;
}

export interface Outcomes<Done> {
  done: Done[];
  failures: JobFailure[];
}

/** After these the next job would fail too, and after a long wait. */
const ENDS_ALL: readonly ErrorCode[] = ['unreachable', 'disk'];
/** These are no failure of the job. */
const ENDS_COMMAND: readonly ErrorCode[] = ['interrupted', 'terminated', 'configuration'];

/**
 * Does the work for each of the jobs, one after the other. A failure of the only job is the
 * command's; of one of several it is told on stderr, and the next one follows.
 */
export async function forEachJob<Done>(
  { progress }: Pick<CommandContext, 'progress'>,
  jobIds: readonly string[],
  work: (jobId: string) => Promise<Done>,
): Promise<Outcomes<Done>> {
  const outcomes: Outcomes<Done> = { done: [], failures: [] };
  let endOfAll: MangamotionError | undefined;
  for (const jobId of jobIds) {
    try {
      if (endOfAll !== undefined) throw notTried(jobId, endOfAll);
      outcomes.done.push(await work(jobId));
    } catch (error) {
      const isOfJob = isMangamotionError(error) && !ENDS_COMMAND.includes(error.code);
      if (!isOfJob || jobIds.length === 1) throw error;
      progress.warn(`mangamotion: ${error.message}`);
      outcomes.failures.push({ job_id: jobId, code: error.code, reason: error.message });
      if (ENDS_ALL.includes(error.code)) endOfAll ??= error;
    }
  }
  return outcomes;
}

function notTried(jobId: string, cause: MangamotionError): MangamotionError {
  return new MangamotionError(cause.code, `job ${jobId} was not tried after that error`, { cause });
}

/** `undefined` where none failed, the code of the failures where all failed alike, else `partial`. */
export function endOf({ done, failures }: Outcomes<unknown>): ErrorCode | undefined {
  const [first] = failures;
  if (first === undefined) return undefined;
  const statuses = new Set(failures.map(({ code }) => exitStatusOf(code)));
  return done.length === 0 && statuses.size === 1 ? first.code : 'partial';
}

/** The `error` member of an answer that holds nothing else, as after any failure. */
export function errorMember({ done, failures }: Outcomes<unknown>): object {
  const [first] = failures;
  if (first === undefined || done.length > 0) return {};
  const message = `none of ${countOf(failures.length, 'job')}: ${first.reason}`;
  return { error: { code: first.code, message, hint: null } };
}
