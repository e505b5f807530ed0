import type { Config, DiscountTier } from './config.js';
import type { Variables } from './schema.js';
import { Secret } from './secret.js';
import type { Settings } from './sources.js';
import { firstOf, problemWith } from './sources.js';
import type { StoreAddress } from './store-address.js';
import { addressOf, parseEndpoint } from './store-address.js';
import type { StoreFiles } from './store-files.js';

const DEFAULT_STORE = { host: 'localhost', port: 9000 };

/** Makes the configuration of variables that are each right, and says where they do not fit. */
export function assemble(
  variables: Variables,
  settings: Settings,
  files: Pick<StoreFiles, 'secretKey' | 'caPem'>,
): { config: Config | undefined; problems: string[] } {
  const problems: string[] = [];
  const address = storeAddress(variables, settings, problems);
  const publicAddress = otherAddress(settings, ['MINIO_PUBLIC_ENDPOINT'], address, problems);
  const backupAddress = otherAddress(settings, BACKUP_ENDPOINTS, { useTls: true }, problems);
  const tiers = discountTiers(variables, problems);
  const v = variables;
  const config: Config = {
    redisUrl: new Secret(v.REDIS_URL),
    store: {
      ...address,
      accessKey: v.MINIO_ACCESS_KEY ?? v.S3_ACCESS_KEY,
      secretKey: secretOf(files.secretKey ?? v.MINIO_SECRET_KEY ?? v.S3_SECRET_KEY),
      region: v.MINIO_REGION ?? v.S3_REGION,
      caPem: files.caPem,
    },
    publicAddress,
    jobBucket: v.S3_BUCKET,
    billing: {
      enabled: v.BILLING_ENABLED,
      ratePerGib: v.BILLING_RATE_GB,
      ratePerSecond: v.BILLING_RATE_SECOND,
      discountEnabled: v.BILLING_VOLUME_DISCOUNT_ENABLED,
      discountMode: v.BILLING_DISCOUNT_MODE,
      tiers,
      retentionDays: v.BILLING_RETENTION_DAYS,
    },
    backup: {
      retentionDays: v.BACKUP_RETENTION_DAYS,
      compression: v.BACKUP_COMPRESSION,
      destination: { address: backupAddress, ...backupCredentials(v) },
    },
    dryRun: v.DRY_RUN,
  };
  return { config: problems.length === 0 ? config : undefined, problems };
}

const BACKUP_ENDPOINTS = ['BACKUP_S3_ENDPOINT', 'AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'];

/** The keys come as a pair from one place: AWS's secret does not fit our access key. */
function backupCredentials(v: Variables) {
  const region = v.BACKUP_S3_REGION ?? v.AWS_REGION ?? v.AWS_DEFAULT_REGION;
  const ownKeys = v.BACKUP_S3_ACCESS_KEY !== undefined || v.BACKUP_S3_SECRET_KEY !== undefined;
  if (ownKeys) {
    const secretKey = secretOf(v.BACKUP_S3_SECRET_KEY);
    return { accessKey: v.BACKUP_S3_ACCESS_KEY, secretKey, sessionToken: undefined, region };
  }
  return {
    accessKey: v.AWS_ACCESS_KEY_ID,
    secretKey: secretOf(v.AWS_SECRET_ACCESS_KEY),
    sessionToken: secretOf(v.AWS_SESSION_TOKEN),
    region,
  };
}

function storeAddress(variables: Variables, settings: Settings, problems: string[]): StoreAddress {
  const { MINIO_PORT: port, MINIO_USE_SSL: useTls } = variables;
  const setting = firstOf(settings, 'MINIO_ENDPOINT', 'S3_ENDPOINT');
  const standard = { ...DEFAULT_STORE, port: port ?? DEFAULT_STORE.port, useTls };
  if (setting === undefined) return standard;
  const endpoint = parseEndpoint(setting.value);
  if (typeof endpoint === 'string') {
    problems.push(problemWith(setting.name, setting.origin, endpoint));
    return standard;
  }
  const portSetting = settings.get('MINIO_PORT');
  // An endpoint with a port, from a source that goes before the port's, goes before that port.
  const portCounts = portSetting !== undefined && portSetting.rank <= setting.rank;
  if (portCounts && endpoint.port !== undefined && endpoint.port !== port) {
    const what = `is ${portSetting.value}, but ${setting.name} (${setting.origin}) has port ${endpoint.port}; keep one`;
    problems.push(problemWith('MINIO_PORT', portSetting.origin, what));
  }
  return addressOf(endpoint, { port, useTls });
}

function otherAddress(
  settings: Settings,
  names: string[],
  { useTls }: { useTls: boolean },
  problems: string[],
): StoreAddress | undefined {
  const setting = firstOf(settings, ...names);
  if (setting === undefined) return undefined;
  const endpoint = parseEndpoint(setting.value);
  if (typeof endpoint !== 'string') return addressOf(endpoint, { port: undefined, useTls });
  problems.push(problemWith(setting.name, setting.origin, endpoint));
  return undefined;
}

function discountTiers(v: Variables, problems: string[]): DiscountTier[] {
  const tiers = [
    { threshold: v.BILLING_DISCOUNT_TIER_1_THRESHOLD, percent: v.BILLING_DISCOUNT_TIER_1_PERCENT },
    { threshold: v.BILLING_DISCOUNT_TIER_2_THRESHOLD, percent: v.BILLING_DISCOUNT_TIER_2_PERCENT },
    { threshold: v.BILLING_DISCOUNT_TIER_3_THRESHOLD, percent: v.BILLING_DISCOUNT_TIER_3_PERCENT },
  ];
  const rising = tiers.every(({ threshold }, index) => {
    return Number(threshold) > Number(tiers[index - 1]?.threshold ?? -1);
  });
  if (!rising) {
    const values = tiers.map(({ threshold }) => threshold).join(', ');
    problems.push(`BILLING_DISCOUNT_TIER_1 to _3_THRESHOLD: must rise, not be ${values}`);
  }
  return tiers;
}

function secretOf(value: string | undefined): Secret | undefined {
  return value === undefined ? undefined : new Secret(value);
}
