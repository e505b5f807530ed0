import { requireStoreSettings } from '../../../config/load.js';
import { type ErrorCode, isMangamotionError } from '../../../errors.js';
import { findResult } from '../../../jobs/result.js';
import type { ObjectStore } from '../../../object-store/port.js';
import { presignGet, type PresignTarget } from '../../../object-store/s3/presign.js';
import type { CommandContext } from '../../argv/command.js';
import { errorMember, forEachJob, endOf } from './each-job.js';
import type { ResultOptions } from './search.js';
import { openSearch } from './search.js';

const DEFAULT_EXPIRES_SECONDS = 3600;
const DEFAULT_REGION = 'us-east-1';

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
  const search = await openSearch(context, options);
  const seconds = expires === undefined ? DEFAULT_EXPIRES_SECONDS : expires / 1000;
  const outcomes = await forEachJob(context, jobIds, async (jobId) => {
    const { bucket, key, head } = await findResult(jobId, search);
    const target = await presignTarget(context, search.store, bucket);
    const now = context.now();
    const url = presignGet(target, { bucket, key, expiresSeconds: seconds, now });
    return {
      ...{ job_id: jobId, download_url: url, expires_in: seconds },
      content_type: head.headers['content-type'] ?? 'application/octet-stream',
      expires_at: new Date(now.getTime() + seconds * 1000).toISOString(),
      ...{ size_bytes: head.sizeBytes, bucket, key },
    };
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

/** The address that users reach the store at, and the region that the server checks. */
async function presignTarget(
  context: CommandContext,
  store: ObjectStore,
  bucket: string,
): Promise<PresignTarget> {
  const config = await context.config();
  const settings = requireStoreSettings(config);
  const { host: endpoint, port, useTls } = config.publicAddress ?? settings;
  const region = settings.region ?? (await regionOf(store, bucket, context.signal));
  const { accessKey, secretKey } = settings;
  return { endpoint, port, useTls, accessKey, secretKey: secretKey.reveal(), region };
}

/** Whoever may read objects need not be permitted to ask for the region. */
async function regionOf(store: ObjectStore, bucket: string, signal: AbortSignal): Promise<string> {
  try {
    return (await store.bucketRegion(bucket, { signal })) ?? DEFAULT_REGION;
  } catch (error) {
    if (isMangamotionError(error, 'access_denied', 'refused')) return DEFAULT_REGION;
    throw error;
  }
}
