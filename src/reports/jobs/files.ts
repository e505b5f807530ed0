import type { Config } from '../../config/load.js';
import type { JobFiles } from '../../jobs/places.js';

/** Where files of jobs lie in this deployment, and how its workers may write that. */
export function jobFilesOf(
  { store, publicAddress, jobBucket, jobs }: Config,
  { anyBucket }: { anyBucket: boolean },
): JobFiles {
  const addresses = [store, ...(publicAddress === undefined ? [] : [publicAddress])];
  const storeUrls = addresses.map(({ host, port, useTls }) => {
    const name = host.includes(':') ? `[${host}]` : host;
    return `${useTls ? 'https' : 'http'}://${name}:${port}`;
  });
  return { jobBucket, storeUrls, resultBuckets: anyBucket ? undefined : jobs.resultBuckets };
}
