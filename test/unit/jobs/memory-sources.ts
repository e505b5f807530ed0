import { Readable } from 'node:stream';
import type { JobRecord } from '../../../src/job-record.js';
import { sortTimeOf } from '../../../src/job-record.js';
import type { QueueJob, QueueState } from '../../../src/jobs/job.js';
import type { JobSources, Wanted } from '../../../src/jobs/sources.js';

export interface World {
  jobs: readonly QueueJob[];
  records: readonly JobRecord[];
  /** Ids of the index whose records are gone. */
  expired?: readonly string[];
  indexed: boolean;
}

/** A queue and records that stand still, for what is decided about them. */
export function memorySources({ jobs, records, expired = [], indexed }: World): JobSources {
  const byId = new Map(jobs.map((job) => [job.id, job]));
  const recordOf = new Map(records.map((record) => [record.jobId, record]));
  const read = function* (wanted: Wanted): Generator<QueueJob[]> {
    for (const [id] of wanted) yield [byId.get(id)].filter((job) => job !== undefined);
  };
  return {
    queue: {
      name: 'ai-job',
      ids: () =>
        Promise.resolve(new Map<string, QueueState>(jobs.map((job) => [job.id, job.state]))),
      read: (wanted) => Readable.from(read(wanted)),
      readOfUser: (wanted, userId) =>
        Readable.from(read(wanted)).map((page: QueueJob[]) =>
          page.filter((job) => job.userId === userId),
        ),
      find: (id) => Promise.resolve(byId.get(id)),
    },
    records: {
      scan: (userId) => {
        const wanted = records.filter((one) => userId === undefined || one.userId === userId);
        // A scan may name a key twice.
        return Readable.from([[...wanted, ...wanted.slice(0, 3)]]);
      },
      read: (ids) => Promise.resolve(ids.map((id) => recordOf.get(id))),
      index: (userId) => {
        if (!indexed) return Promise.resolve({ trusted: false, reason: 'there is none' });
        const ids = records
          .filter((record) => record.userId === userId)
          .sort((a, b) => (sortTimeOf(b) ?? 0) - (sortTimeOf(a) ?? 0))
          .map(({ jobId }) => jobId)
          .concat(expired);
        return Promise.resolve({
          trusted: true,
          count: () => ids.length,
          page: (from, count) => Promise.resolve(ids.slice(from, from + count)),
          positions: (wanted) =>
            Promise.resolve(wanted.map((id) => (ids.includes(id) ? ids.indexOf(id) : null))),
        });
      },
    },
  };
}
