import type { ErrorCode } from '../../../errors.js';
import { findResult } from '../../../jobs/result.js';
import { DEFAULT_EXPIRES_SECONDS, presigned } from '../../../reports/jobs/urls.js';
import type { CommandContext } from '../../argv/command.js';
import { errorMember, forEachJob, endOf } from './each-job.js';
import type { ResultOptions } from './search.js';
import { searchFor } from './search.js';
import { storeAccess } from './shared-options.js';

interface UrlsAsked extends ResultOptions {
  /** Milliseconds. */
  expires: number | undefined;
}

/** Prints a presigned URL for the result of each job. */
export async function printUrls(
  context: CommandContext,
  jobIds: readonly string[],
  { expires, ...options }: UrlsAsked,
): Promise<ErrorCode | undefined> {
  const search = await searchFor(context, options);
  const access = await storeAccess(context);
  const expiresSeconds = expires === undefined ? DEFAULT_EXPIRES_SECONDS : expires / 1000;
  const outcomes = await forEachJob(context, jobIds, async (jobId) => {
    const artifact = await findResult(jobId, search);
    const now = context.now();
    const { url, ...rest } = await presigned(access, { artifact, expiresSeconds, now });
    return { job_id: jobId, download_url: url, ...rest };
  });
  const { done, failures } = outcomes;
  const [only] = jobIds.length === 1 ? done : [];
  await context.output.document({
    json: only ?? { urls: done, failures, ...errorMember(outcomes) },
    human: (page) => {
      for (const { download_url: url } of done) page.text(url);
    },
  });
  return endOf(outcomes);
}
