import type { Config, DiscountTier } from './config.js';
import type { ProxySettings } from './proxy.js';
import type { Variables } from './settings.js';
import { Secret } from './secret.js';
import type { Settings } from './sources.js';
import { firstOf, problemWith } from './sources.js';
import type { Endpoint, StoreAddress } from './store-address.js';
import { addressOf } from './store-address.js';
import type { StoreFiles } from './store-files.js';

export const DEFAULT_STORE = { host: 'localhost', port: 9000 };

/** Makes the configuration of variables that are each right, and says where they do not fit. */
export function assemble(
  variables: Variables,
  settings: Settings,
  files: Omit<StoreFiles, 'problems'>,
): { config: Config | undefined; problems: string[] } {
  const problems: string[] = [];
  const address = storeAddress(variables, settings, problems);
  const tiers = discountTiers(variables, problems);
  const v = variables;
  const config: Config = {
    redis: { ...v.REDIS_URL, caPem: files.redisCaPem },
    store: {
      ...address,
      accessKey: v.MINIO_ACCESS_KEY ?? v.S3_ACCESS_KEY,
      secretKey: secretOf(files.secretKey ?? v.MINIO_SECRET_KEY ?? v.S3_SECRET_KEY),
      region: v.MINIO_REGION ?? v.S3_REGION,
      caPem: files.caPem,
    },
    publicAddress: otherAddress(v.MINIO_PUBLIC_ENDPOINT, address.useTls),
    jobBucket: v.S3_BUCKET,
    jobs: {
      resultPaths: v.JOB_RESULT_PATHS,
      previewPaths: v.JOB_PREVIEW_PATHS,
      resultBuckets: v.JOB_RESULT_BUCKETS ?? bucketsOf(v),
    },
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
      redis: v.BACKUP_REDIS,
      workers: v.BACKUP_WORKERS,
      queue: v.BACKUP_QUEUE,
      lockDays: v.BACKUP_LOCK_DAYS?.days,
      sourceName: v.BACKUP_SOURCE_NAME?.name,
      age: {
        recipients: [
          ...(v.BACKUP_AGE_RECIPIENTS === undefined
            ? []
            : [
                {
                  text: v.BACKUP_AGE_RECIPIENTS,
                  origin: originOf(settings, 'BACKUP_AGE_RECIPIENTS'),
                },
              ]),
          ...(files.ageRecipients === undefined ? [] : [files.ageRecipients]),
        ],
        identityFile: files.ageIdentityFile,
      },
      signing: { keyFile: files.signingKeyFile, signers: files.signers },
      expectDeletions: v.BACKUP_EXPECT_DELETIONS ?? new Map(),
      appendOnly: v.BACKUP_S3_APPEND_ONLY,
      destination: backupDestination(v, files),
      copy: {
        address: otherAddress(v.BACKUP_COPY_S3_ENDPOINT, v.BACKUP_COPY_S3_USE_SSL),
        accessKey: v.BACKUP_COPY_S3_ACCESS_KEY,
        secretKey: secretOf(files.copySecretKey ?? v.BACKUP_COPY_S3_SECRET_KEY),
        region: v.BACKUP_COPY_S3_REGION,
        caPem: files.copyCaPem,
      },
    },
    drill: {
      store: {
        address: otherAddress(v.DRILL_S3_ENDPOINT, v.DRILL_S3_USE_SSL),
        accessKey: v.DRILL_S3_ACCESS_KEY,
        secretKey: secretOf(files.drillSecretKey ?? v.DRILL_S3_SECRET_KEY),
        region: v.DRILL_S3_REGION,
        caPem: files.drillCaPem,
      },
      redis: v.DRILL_REDIS_URL && { ...v.DRILL_REDIS_URL, caPem: files.redisCaPem },
    },
    schedule: { pingUrl: v.PING_URL },
    serve: {
      jwtSecret: secretOf(files.jwtSecret ?? v.JWT_SECRET),
      adminToken: secretOf(files.adminToken ?? v.SERVE_ADMIN_TOKEN),
    },
    proxies: proxySettings(v),
    limitRate: v.BACKUP_LIMIT_RATE?.bytesPerSecond,
    dryRun: v.DRY_RUN,
  };
  return { config: problems.length === 0 ? config : undefined, problems };
}

/** `BACKUP_AGE_RECIPIENTS (environment)`, for messages. */
function originOf(settings: Settings, name: string): string {
  return `${name} (${settings.get(name)?.origin ?? 'unset'})`;
}

/** The lower case goes first, as in curl. */
function proxySettings(v: Variables): ProxySettings {
  const first = (...names: ('http_proxy' | 'HTTP_PROXY' | 'https_proxy' | 'HTTPS_PROXY')[]) => {
    const setting = names.find((name) => v[name] !== undefined);
    const text = setting && v[setting];
    return setting === undefined || text === undefined ? undefined : { text, setting };
  };
  return {
    http: first('http_proxy', 'HTTP_PROXY'),
    https: first('https_proxy', 'HTTPS_PROXY'),
    noProxy: v.no_proxy ?? v.NO_PROXY,
  };
}

/** The keys come as a pair from one place: AWS's secret does not fit our access key. */
function backupDestination(
  v: Variables,
  { backupSecretKey, backupCaPem: caPem }: Pick<StoreFiles, 'backupSecretKey' | 'backupCaPem'>,
): Config['backup']['destination'] {
  const endpoint = v.BACKUP_S3_ENDPOINT ?? v.AWS_ENDPOINT_URL_S3 ?? v.AWS_ENDPOINT_URL;
  const address = otherAddress(endpoint, v.BACKUP_S3_USE_SSL);
  const region = v.BACKUP_S3_REGION ?? v.AWS_REGION ?? v.AWS_DEFAULT_REGION;
  const accessKey = v.BACKUP_S3_ACCESS_KEY;
  const secretKey = secretOf(backupSecretKey ?? v.BACKUP_S3_SECRET_KEY);
  if (accessKey !== undefined || secretKey !== undefined) {
    return { address, region, caPem, accessKey, secretKey, sessionToken: undefined };
  }
  return {
    address,
    region,
    caPem,
    accessKey: v.AWS_ACCESS_KEY_ID,
    secretKey: secretOf(v.AWS_SECRET_ACCESS_KEY),
    sessionToken: secretOf(v.AWS_SESSION_TOKEN),
  };
}

/** The buckets of the configured places. */
function bucketsOf({ S3_BUCKET, JOB_RESULT_PATHS }: Variables): string[] {
  if (S3_BUCKET !== undefined) return [S3_BUCKET];
  return [...new Set(JOB_RESULT_PATHS.map((path) => path.slice(0, path.indexOf('/'))))];
}

function storeAddress(v: Variables, settings: Settings, problems: string[]): StoreAddress {
  const { MINIO_PORT: port, MINIO_USE_SSL: useTls } = v;
  const endpoint = v.MINIO_ENDPOINT ?? v.S3_ENDPOINT;
  if (endpoint === undefined) return { ...DEFAULT_STORE, port: port ?? DEFAULT_STORE.port, useTls };
  const setting = firstOf(settings, 'MINIO_ENDPOINT', 'S3_ENDPOINT');
  const portSetting = settings.get('MINIO_PORT');
  if (setting !== undefined && portSetting !== undefined && endpoint.port !== undefined) {
    // An endpoint with a port, from a source that goes before the port's, goes before that port.
    if (portSetting.rank <= setting.rank && endpoint.port !== port) {
      const what = `is ${portSetting.value}, but ${setting.name} (${setting.origin}) has port ${endpoint.port}; keep one`;
      problems.push(problemWith('MINIO_PORT', portSetting.origin, what));
    }
  }
  return addressOf(endpoint, { port, useTls });
}

function otherAddress(endpoint: Endpoint | undefined, useTls: boolean): StoreAddress | undefined {
  return endpoint && addressOf(endpoint, { port: undefined, useTls });
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
