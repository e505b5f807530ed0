import type { Config, ConfigRequest, LoadedConfig } from '../../config/load.js';
import type { StoreAddress } from '../../config/store-address.js';
import type { ObjectStore } from '../../object-store/port.js';
import type { RateLimits } from '../../object-store/rate-limit.js';
import type { Retry } from '../../object-store/retry/retry.js';
import type { GlobalOptions } from '../argv/global-options.js';
import type { Host } from '../host.js';
import type { Vault } from '../../repository/encryption/vault.js';
import type { CommandContext, OpenRedis } from '../argv/command.js';
import type { StoreOptions } from './open-store.js';

/** What a command may need but many do not: opened when asked for, once, and closed at the end. */
export interface Session extends Pick<
  CommandContext,
  | 'config'
  | 'configRequest'
  | 'openStore'
  | 'openBackupStore'
  | 'openCopyStore'
  | 'openDrillStore'
  | 'openVault'
  | 'openRedis'
  | 'connectRedis'
> {
  /** What must not be printed, as far as it is known by now. */
  secrets: () => readonly string[];
  close: () => void;
}

/** From this attempt on a failure is more than a hiccup. */
const WORTH_TELLING = 4;
const TELL_EVERY_MS = 30_000;

export function openSession(
  global: GlobalOptions,
  host: Host,
  signal: AbortSignal,
  warn: (line: string) => void,
  note: (line: string) => void,
): Session {
  let loading: Promise<LoadedConfig> | undefined;
  let opening: Promise<ObjectStore> | undefined;
  let openingOther: Promise<ObjectStore> | undefined;
  let openingVault: Promise<Vault> | undefined;
  let openingCopy: Promise<ObjectStore> | undefined;
  let openingRedis: Promise<OpenRedis> | undefined;
  const closes = new Set<() => void>();
  let isClosed = false;
  const kept = <T extends { close: () => void }>(opened: T): T => {
    // The command may have failed while this was being opened: left open, it would keep the process.
    if (isClosed) {
      opened.close();
      return opened;
    }
    // One that is closed before is forgotten: a command may open many, one after the other.
    const original = opened.close.bind(opened);
    const close = (): void => {
      closes.delete(close);
      original();
    };
    opened.close = close;
    closes.add(close);
    return opened;
  };
  let secrets: readonly string[] = [];

  // Many requests meet the same outage.
  let toldAtMs = -Infinity;
  const tellOnce = (line: string): void => {
    const nowMs = host.now().getTime();
    if (nowMs - toldAtMs < TELL_EVERY_MS) return;
    toldAtMs = nowMs;
    warn(line);
  };

  const tell = (line: string): void => {
    if (global.verbose) note(line);
  };
  const config = async (): Promise<Config> => {
    loading ??= loadSettings(global, host, warn, tell);
    const loaded = await loading;
    secrets = loaded.secrets;
    return loaded.config;
  };
  const onRetry = ({ error, attempt, delayMs }: Retry): void => {
    // A store that is shaky for a moment concerns nobody who does not look for it.
    if (global.debug || global.verbose)
      warn(`${error.message}; attempt ${attempt}, again in ${delayMs} ms`);
    else if (attempt >= WORTH_TELLING) tellOnce(`${error.message}; still trying`);
  };
  let limits: RateLimits | undefined;
  const storeOptions = async ({ limitRate }: Config): Promise<StoreOptions> => {
    if (limitRate !== undefined) {
      const { rateLimits } = await import('../../object-store/rate-limit.js');
      limits ??= rateLimits(limitRate);
    }
    return { onRetry, limits };
  };
  const open = async (buckets: readonly string[], readers: number): Promise<ObjectStore> => {
    const { openStore } = await import('./open-store.js');
    const settings = await config();
    const endpoint = addressText(settings.store);
    tell(`store ${endpoint}`);
    const options = { ...(await storeOptions(settings)), readers };
    // The log of a run that encrypts names no object.
    const isEncrypted = settings.backup.age.recipients.length > 0;
    if (isEncrypted) options.onRetry = await namelessRetries(endpoint, onRetry);
    return kept(await openStore(settings, buckets, signal, options));
  };
  const openOther = async (): Promise<ObjectStore> => {
    const { openBackupStore } = await import('./open-store.js');
    const settings = await config();
    const { address } = settings.backup.destination;
    tell(`store of s3:// destinations ${address === undefined ? 'AWS' : addressText(address)}`);
    return kept(await openBackupStore(settings, await storeOptions(settings)));
  };
  const openForCopies = async (): Promise<ObjectStore> => {
    const { openCopyStore } = await import('./open-store.js');
    const settings = await config();
    const store = await openCopyStore(settings, await storeOptions(settings));
    if (store === undefined) return await (openingOther ??= openOther());
    tell(`store that the copy is written into ${store.endpoint}`);
    return kept(store);
  };
  const openForDrills = async (elsewhere?: StoreAddress): Promise<ObjectStore | undefined> => {
    const { openDrillStore } = await import('./open-store.js');
    const settings = await config();
    const store = await openDrillStore(settings, elsewhere, signal, await storeOptions(settings));
    if (store !== undefined) tell(`store of drills ${store.endpoint}`);
    return store && kept(store);
  };
  const keys: string[] = [];
  const openKeys = async (): Promise<Vault> => {
    const { openVault } = await import('./open-vault.js');
    const { backup } = await config();
    return await openVault(backup, { warn, onSecret: (key) => keys.push(key) });
  };
  const openOne = async (): Promise<OpenRedis> => {
    const { openRedis } = await import('./open-redis.js');
    return kept(await openRedis(await config(), signal));
  };
  return {
    config,
    configRequest: configRequest(global, host),
    openStore: (buckets = [], readers = 0) => (opening ??= open(buckets, readers)),
    openBackupStore: () => (openingOther ??= openOther()),
    openCopyStore: () => (openingCopy ??= openForCopies()),
    openDrillStore: openForDrills,
    openRedis: async () => (await (openingRedis ??= openOne())).redis,
    connectRedis: openOne,
    openVault: () => (openingVault ??= openKeys()),
    secrets: () => [...secrets, ...keys],
    close: () => {
      isClosed = true;
      for (const close of closes) close();
    },
  };
}

/** Returns a listener that gets each failure without the names of objects. */
async function namelessRetries(
  endpoint: string,
  onRetry: (retry: Retry) => void,
): Promise<(retry: Retry) => void> {
  const { withoutNames } = await import('../../backup/without-names.js');
  const endpoints = { store: endpoint, destination: undefined };
  return (retry) => onRetry({ ...retry, error: withoutNames(retry.error, endpoints) });
}

async function loadSettings(
  global: GlobalOptions,
  host: Host,
  warn: (line: string) => void,
  tell: (line: string) => void,
): Promise<LoadedConfig> {
  const { loadConfig } = await import('../../config/load.js');
  const loaded = await loadConfig(configRequest(global, host));
  for (const file of loaded.files) tell(`settings from ${file}`);
  for (const warning of loaded.warnings) warn(warning);
  return loaded;
}

/** Where the settings of this command line are. */
function configRequest(global: GlobalOptions, host: Pick<Host, 'env' | 'cwd'>): ConfigRequest {
  return {
    environment: host.env,
    cwd: host.cwd,
    envFile: global.envFile,
    configFile: global.config,
    flags: {
      MINIO_ENDPOINT: { flag: '--endpoint', value: global.endpoint },
      MINIO_ACCESS_KEY: { flag: '--access-key', value: global.accessKey },
      MINIO_REGION: { flag: '--region', value: global.region },
      BACKUP_LIMIT_RATE: { flag: '--limit-rate', value: global.limitRate },
      BACKUP_AGE_IDENTITY_FILE: { flag: '--identity', value: global.identity },
      BACKUP_AGE_RECIPIENTS_FILE: { flag: '--recipient-file', value: global.recipientFile },
      BACKUP_AGE_RECIPIENTS: {
        flag: '--recipient',
        value: global.recipient.length === 0 ? undefined : global.recipient.join(','),
      },
      BACKUP_SIGNING_KEY_FILE: { flag: '--signing-key', value: global.signingKey },
      BACKUP_SIGNER: {
        flag: '--signer',
        value: global.signer.length === 0 ? undefined : global.signer.join(','),
      },
      MINIO_CA_FILE: { flag: '--ca-file', value: global.caFile },
    },
  };
}

function addressText({ host, port, useTls }: StoreAddress): string {
  return `${useTls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
