import { isIPv6 } from 'node:net';
import type { Config } from '../../../config/load.js';
import type { StoreAddress } from '../../../config/store-address.js';
import { isMangamotionError } from '../../../errors.js';
import type { ObjectStore } from '../../../object-store/port.js';
import { resultBucket } from '../../../reports/jobs/store-access.js';
import { Unhealthy } from '../../../serve/health-checks.js';
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
        const store = await open();
        // The answer to HEAD has no words: any web server could have given it.
        await store
          .listPage(resultBucket(config), { maxKeys: 1, signal: limited })
          .catch((error: unknown) => {
            if (!isMangamotionError(error, 'not_found')) throw error;
            throw new Unhealthy('there is no bucket for results', { cause: error });
          });
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
