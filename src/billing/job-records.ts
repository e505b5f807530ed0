import { isUtf8 } from 'node:buffer';
import { MangamotionError } from '../errors.js';
import type { JobRecord } from '../job-record.js';
import type { HashFields, RedisReader } from '../redis/reader.js';
import { readHashes } from '../redis/reader.js';
import { readAhead, scanKeys } from '../redis/scan.js';
import type { CounterProblem, OnProblem } from './counters.js';
import { notAHash, notANumber, problemText, reportNegatives } from './counters.js';
import { JOB_KEYS, jobKey, jobOfKey } from './keys.js';
import type { Decimal } from './money.js';
import type { Pricing } from './pricing.js';
import { costOf } from './pricing.js';
import type { Usage } from './usage.js';
import { readUsage } from './usage.js';

export interface ScanRequest {
  /** Read only the records of this user; of other records only the owner is read. */
  userId?: string | undefined;
  signal: AbortSignal;
  /** Called for each key that does not hold a hash. */
  onProblem: OnProblem;
}

const FIELDS = [
  'user_id',
  'status',
  'timestamp',
  'completed_at',
  'bytes_processed',
  'compute_seconds',
] as const;

/**
 * Yields the records of all jobs, a page at a time. A record that exists throughout is yielded once or
 * twice. Records that expire meanwhile may be missing, and keys that hold no hash are.
 */
export async function* scanJobRecords(
  redis: RedisReader,
  { userId, signal, onProblem }: ScanRequest,
): AsyncGenerator<JobRecord[]> {
  const read = async (keys: readonly Buffer[]): Promise<JobRecord[]> => {
    const jobs = keys.map(jobAt);
    const some = userId === undefined ? jobs : await jobsOfUser(redis, jobs, userId, onProblem);
    const hashes = await readHashes(redis, some.map(keyOf), FIELDS);
    const records: JobRecord[] = [];
    for (const [at, { jobId }] of some.entries()) {
      const record = recordIn(jobId, hashes[at] ?? [], onProblem);
      if (record === undefined) continue;
      // The record may have become another user's in between.
      if (userId === undefined || record.userId === userId) records.push(record);
    }
    return records;
  };
  yield* readAhead(scanKeys(redis, JOB_KEYS, signal), read);
}

interface ScannedJob {
  jobId: string;
  /** A text if the key is UTF-8: a pipeline of texts is built in a third of the time. */
  key: string | Buffer;
}

const keyOf = ({ key }: ScannedJob): string | Buffer => key;

function jobAt(key: Buffer): ScannedJob {
  const jobId = jobOfKey(key);
  return { jobId, key: isUtf8(key) ? jobKey(jobId) : key };
}

async function jobsOfUser(
  redis: RedisReader,
  jobs: readonly ScannedJob[],
  userId: string,
  onProblem: OnProblem,
): Promise<ScannedJob[]> {
  const owners = await readHashes(redis, jobs.map(keyOf), ['user_id']);
  return jobs.filter(({ jobId }, at) => {
    const owner = owners[at] ?? [];
    if (owner !== 'wrong type') return owner[0] === userId;
    onProblem(notAHash(jobKey(jobId)));
    return false;
  });
}

/** Resolves to the records in the order of the ids; `undefined` where there is none. */
export async function readJobRecords(
  redis: RedisReader,
  jobIds: readonly string[],
  { onProblem }: { onProblem: OnProblem },
): Promise<(JobRecord | undefined)[]> {
  const hashes = await readHashes(redis, jobIds.map(jobKey), FIELDS);
  return jobIds.map((jobId, at) => recordIn(jobId, hashes[at] ?? [], onProblem));
}

function recordIn(jobId: string, fields: HashFields, onProblem: OnProblem): JobRecord | undefined {
  if (fields === 'wrong type') {
    onProblem(notAHash(jobKey(jobId)));
    return undefined;
  }
  if (fields.every((value) => value === null)) return undefined;
  const [userId = null, status = null, timestamp = null] = fields;
  const [, , , completedAt = null, bytes = null, seconds = null] = fields;
  return { jobId, userId, status, timestamp, completedAt, bytes, seconds };
}

interface JobCost {
  usage: Usage;
  /** Exact US dollars; discounts belong to months. */
  cost: Decimal;
  /** The counters that are not numbers, which count as 0, and those that are negative. */
  problems: CounterProblem[];
}

/** Returns what a job has used and costs. */
export function costOfRecord(
  pricing: Pricing,
  { jobId, bytes, seconds }: Pick<JobRecord, 'jobId' | 'bytes' | 'seconds'>,
): JobCost {
  const problems: CounterProblem[] = [];
  const usage = readUsage([bytes, seconds], (field, value) => {
    problems.push(notANumber(jobKey(jobId), field, value));
  });
  reportNegatives(jobKey(jobId), usage, (problem) => problems.push(problem));
  return { usage, cost: costOf(pricing, usage), problems };
}

/** The billed usage and the details of a job. */
export interface JobDetails extends Omit<JobRecord, 'bytes' | 'seconds'>, JobCost {
  /** An empty object where there is none. */
  metadata: unknown;
}

/** Resolves to `undefined` for an unknown job. Rejects with `damaged` where its key holds no hash. */
export async function readJobDetails(
  redis: RedisReader,
  jobId: string,
  pricing: Pricing,
): Promise<JobDetails | undefined> {
  const key = jobKey(jobId);
  const [fields = []] = await readHashes(redis, [key], [...FIELDS, 'metadata']);
  const record = recordIn(jobId, fields, (problem) => {
    throw new MangamotionError('damaged', problemText(problem));
  });
  if (record === undefined) return undefined;
  const { userId, status, timestamp, completedAt } = record;
  const cost = costOfRecord(pricing, record);
  const text = fields[FIELDS.length] ?? '{}';
  const details = { jobId, userId, status, timestamp, completedAt, ...cost };
  try {
    return { ...details, metadata: JSON.parse(text) as unknown };
  } catch {
    cost.problems.push({ key, field: 'metadata', problem: 'is not JSON' });
    return { ...details, metadata: text };
  }
}
