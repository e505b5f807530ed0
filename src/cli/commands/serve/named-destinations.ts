import path from 'node:path';
import type { Config } from '../../../config/load.js';
import type { ObjectStore } from '../../../object-store/port.js';
import { openDestination } from '../../../repository/locate.js';
import { isS3Url, parseS3Url } from '../../../repository/s3/s3-location.js';
import type { Vault } from '../../../repository/encryption/vault.js';
import type { NamedDestination } from '../../../serve/destinations.js';
import { openBackupStore } from '../../run/open-store.js';

/** A request waits for a store as long as its client does, not as long as a backup would. */
const PATIENCE = { attempts: 3 };

interface Served {
  named: NamedDestination[];
  close: () => void;
}

/**
 * Opens what is needed for the destinations of --backup. Rejects with `usage` for a text that is no
 * destination, and with `configuration` if the settings for `s3://` are missing. A folder that is not
 * there is found missing when it is read: it may be mounted later.
 */
export async function nameDestinations(
  texts: readonly string[],
  { config, cwd, openVault }: { config: Config; cwd: string; openVault: () => Promise<Vault> },
): Promise<Served> {
  const different = [...new Set(texts)];
  for (const text of different) if (isS3Url(text)) parseS3Url(text);
  const store = different.some(isS3Url) ? await openStoreOf(config) : undefined;
  const named = different.map((text): NamedDestination => {
    if (!isS3Url(text)) {
      const location = path.resolve(cwd, text);
      return {
        ...{ text, location },
        open: async () => openDestination(location, '', undefined, { vault: await openVault() }),
      };
    }
    return {
      ...{ text, location: parseS3Url(text).url },
      open: (signal) =>
        openDestination(text, cwd, { openBackupStore: () => storeOf(store), signal, openVault }),
    };
  });
  return { named, close: () => store?.close() };
}

function storeOf(store: ObjectStore | undefined): Promise<ObjectStore> {
  return store === undefined
    ? Promise.reject(new Error('no store is open'))
    : Promise.resolve(store);
}

async function openStoreOf(config: Config): Promise<ObjectStore> {
  const { rateLimits } = await import('../../../object-store/rate-limit.js');
  const { limitRate } = config;
  const limits = limitRate === undefined ? undefined : rateLimits(limitRate);
  return await openBackupStore(config, { onRetry: () => undefined, limits, patience: PATIENCE });
}
