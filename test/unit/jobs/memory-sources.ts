import { Readable } from 'node:stream';
import type { JobRecord } from '../../../src/job-record.js';
import type { QueueJob, QueueState } from '../../../src/jobs/job.js';
import type { JobSources, Wanted } from '../../../src/jobs/sources.js';

export interface World {
  jobs: readonly QueueJob[];
  records: readonly JobRecord[];
}

/** A queue and records that stand still, for what is decided about them. */
export function memorySources({ jobs, records }: World): JobSources {
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
      created: (wanted) => Readable.from(read(wanted)),
      read: (wanted) => Readable.from(read(wanted)),
      ofUser: (wanted, userId) =>
        Readable.from(read(wanted)).map((page: QueueJob[]) =>
          page.filter((job) => job.userId === userId).map(({ id, state }) => [id, state]),
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
    },
  };
}
