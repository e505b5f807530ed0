import type { RedisReader } from '../redis/reader.js';
import { readHashes } from '../redis/reader.js';
import { MangamotionError } from '../errors.js';
import { jobKey } from './keys.js';
import type { Decimal } from './money.js';
import type { Pricing } from './pricing.js';
import { costOf } from './pricing.js';
import type { CounterProblem } from './problems.js';
import { notAHash, notANumber, problemText } from './problems.js';
import type { Usage } from './usage.js';
import { readUsage } from './usage.js';

/** The billed usage and the details of a job. Absent fields are `null`. */
export interface JobDetails {
  jobId: string;
  userId: string | null;
  usage: Usage;
  /** Exact US dollars; discounts belong to months. */
  cost: Decimal;
  status: string | null;
  timestamp: string | null;
  completedAt: string | null;
  /** An empty object where there is none. */
  metadata: unknown;
  problems: CounterProblem[];
}

const JOB_FIELDS = [
  'bytes_processed',
  'compute_seconds',
  'user_id',
  'status',
  'timestamp',
  'completed_at',
  'metadata',
] as const;

/** `undefined` for an unknown job. Rejects with `damaged` where its key holds no hash. */
export async function readJobDetails(
  redis: RedisReader,
  jobId: string,
  pricing: Pricing,
): Promise<JobDetails | undefined> {
  const key = jobKey(jobId);
  const [fields = []] = await readHashes(redis, [key], JOB_FIELDS);
  if (fields === 'wrong type') {
    throw new MangamotionError('damaged', problemText(notAHash(key)));
  }
  if (fields.every((value) => value === null)) return undefined;
  const problems: CounterProblem[] = [];
  const [bytes, seconds, userId = null, status = null, timestamp = null, completedAt = null] =
    fields;
  const usage = readUsage([bytes, seconds], (field, value) => {
    problems.push(notANumber(key, field, value));
  });
  return {
    jobId,
    userId,
    usage,
    cost: costOf(pricing, usage),
    ...{ status, timestamp, completedAt },
    metadata: readMetadata(key, fields[6] ?? null, problems),
    problems,
  };
}

function readMetadata(key: string, text: string | null, problems: CounterProblem[]): unknown {
  if (text === null) return {};
  try {
    return JSON.parse(text) as unknown;
  } catch {
    problems.push({ key, field: 'metadata', problem: 'is not JSON' });
    return text;
  }
}
