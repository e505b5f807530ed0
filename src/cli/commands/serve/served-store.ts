import { isIPv6 } from 'node:net';
import type { Config } from '../../../config/load.js';
import type { StoreAddress } from '../../../config/store-address.js';
import type { ObjectStore } from '../../../object-store/port.js';
import { withStoreDeadline } from '../../../serve/deadline.js';
import { openServedStore } from '../../run/open-store.js';

/** How long health waits for the object store. */
const STORE_PROBE_MS = 3000;

/** Returns the origin of the store as a browser compares it: without the default port. */
export function originOf({ host, port, useTls }: StoreAddress): string {
  const name = isIPv6(host) ? `[${host}]` : host;
  return new URL(`${useTls ? 'https' : 'http'}://${name}:${port}`).origin;
}

/** The store, opened at the first use. */
export function servedStore(config: Config) {
  let opening: Promise<ObjectStore> | undefined;
  const open = (): Promise<ObjectStore> => (opening ??= openServedStore(config));
  return {
    open,
    probe: async (): Promise<undefined> => {
      const { signal } = new AbortController();
      await withStoreDeadline(signal, STORE_PROBE_MS, async (limited) => {
        const [path = ''] = config.jobs.resultPaths;
        const bucket = config.jobBucket ?? path.slice(0, path.indexOf('/'));
        await (await open()).bucketExists(bucket, { signal: limited });
      });
    },
    close: (): void => {
      opening?.then(
        (store) => store.close(),
        () => undefined,
      );
    },
  };
}
