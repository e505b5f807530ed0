import { describe, expect, it } from 'vitest';
import { workerComposeService } from '../../src/schedule/workers/compose.js';
import { headJob, shardsJob, workerDeployment } from '../../src/schedule/workers/kubernetes.js';
import { workerSystemdUnit } from '../../src/schedule/workers/systemd.js';

/** What `schedule unit` prints for workers and shards; `-u` renews the files in units. */

const worker = {
  ...{ destination: 's3://offsite/minio', isFolder: false, concurrency: 2, threads: 1 },
  ...{ queue: undefined, graceSeconds: 60, replicas: 2 },
};
const folder = {
  ...{ destination: '/mnt/backup of $HOME', isFolder: true, concurrency: 8, threads: 2 },
  ...{ queue: 'nights', graceSeconds: 600, replicas: 3 },
};
const cluster = { image: 'registry/mangamotion:1', uid: 1000, gid: 1000, claim: undefined };
const mounting = { image: 'registry/mangamotion:1', uid: 7, gid: 8, claim: 'backups' };
const program = { node: '/usr/bin/node', program: '/usr/local/bin/mangamotion' };
const run = { type: 'full', destination: 's3://offsite/minio', threads: 1 } as const;

const texts = {
  'worker.service': () => workerSystemdUnit({ ...worker, ...program, flags: [], user: 'backup' }),
  'worker-folder.service': () =>
    workerSystemdUnit({
      ...{ ...folder, ...program, user: 'backup:disk' },
      flags: ['--config', '/etc/my settings.json'],
    }),
  'worker-compose.yaml': () =>
    workerComposeService({ ...worker, image: 'x/y', program: undefined, user: undefined }),
  'worker-compose-folder.yaml': () =>
    workerComposeService({
      ...{ ...folder, image: 'node:20-bookworm-slim', user: '7:8' },
      program: '/usr/lib/node_modules/mangamotion/bin/mangamotion.js',
    }),
  'worker-deployment.yaml': () => workerDeployment({ ...worker, ...cluster }),
  'worker-deployment-folder.yaml': () => workerDeployment({ ...folder, ...mounting }),
  'shards-job.yaml': () => shardsJob({ ...run, ...cluster, shards: 16 }),
  'shards-job-folder.yaml': () =>
    shardsJob({
      ...{ ...mounting, type: 'incremental', threads: 4, shards: 3 },
      destination: "/mnt/it's $(HOME)",
    }),
  'head-job.yaml': () => headJob({ ...run, ...cluster, run: 'mangamotion-shards-x7k2p' }),
};

describe('units of workers and shards', () => {
  it.each(Object.entries(texts))('%s', async (name, make) => {
    await expect(make()).toMatchFileSnapshot(`units/${name}`);
  });
});
