import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConfigRequest, LoadedConfig } from '../../../src/config/load.js';
import { copyStoreSettings, loadConfig, requireStoreSettings } from '../../../src/config/load.js';
import { MangamotionError } from '../../../src/errors.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'mangamotion-config-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

function load(
  environment: Record<string, string> = {},
  request: Partial<ConfigRequest> = {},
): Promise<LoadedConfig> {
  const absent = { envFile: undefined, configFile: undefined, flags: {} };
  return loadConfig({ environment, cwd: folder, ...absent, ...request });
}

async function problemOf(...args: Parameters<typeof load>): Promise<string> {
  const error: unknown = await load(...args).catch((thrown: unknown) => thrown);
  if (!(error instanceof MangamotionError)) throw new Error(`no error but ${inspect(error)}`);
  expect(error.code).toBe('configuration');
  return error.message;
}

async function file(name: string, content: string, mode = 0o600): Promise<string> {
  const full = path.join(folder, name);
  await mkdir(path.dirname(full), { recursive: true });
  await writeFile(full, content);
  await chmod(full, mode);
  return full;
}

describe('defaults', () => {
  it('are those of the contract', async () => {
    const { config, warnings } = await load();
    expect(warnings).toEqual([]);
    expect(config.store).toMatchObject({ host: 'localhost', port: 9000, useTls: false });
    expect(config.redis).toMatchObject({
      at: { kind: 'server', host: '127.0.0.1', port: 6379, useTls: false },
      db: 0,
    });
    expect(config.billing).toEqual({
      enabled: true,
      ratePerGib: '0.001',
      ratePerSecond: '0.0001',
      discountEnabled: true,
      discountMode: 'volume',
      tiers: [
        { threshold: '100', percent: '10' },
        { threshold: '500', percent: '20' },
        { threshold: '2000', percent: '30' },
      ],
      retentionDays: 90,
    });
    expect(config.backup).toMatchObject({
      ...{ retentionDays: 30, compression: true, redis: false, appendOnly: false },
    });
    expect(config.jobs).toEqual({
      resultBuckets: ['processed', 'outputs'],
      resultPaths: ['processed/{job}/result.zip', 'outputs/{job}/video.mp4'],
      previewPaths: ['processed/{job}/thumb.jpg', 'outputs/{job}/thumb.jpg'],
    });
    expect(config.dryRun).toBe(false);
  });
});

describe('precedence', () => {
  it('is flag, environment, env file, config file', async () => {
    const name = 'MINIO_REGION';
    await file('mangamotion.config.json', JSON.stringify({ [name]: 'config' }));
    await file('a.env', `${name}=env-file`);
    const request = { envFile: 'a.env' };
    const flags = { [name]: { flag: '--region', value: 'flag' } };
    expect((await load({}, {})).config.store.region).toBe('config');
    expect((await load({}, request)).config.store.region).toBe('env-file');
    expect((await load({ [name]: 'env' }, request)).config.store.region).toBe('env');
    expect((await load({ [name]: 'env' }, { ...request, flags })).config.store.region).toBe('flag');
  });

  it('passes over empty values', async () => {
    await file('mangamotion.config.json', JSON.stringify({ MINIO_REGION: 'config' }));
    expect((await load({ MINIO_REGION: '' })).config.store.region).toBe('config');
  });

  it('takes --config instead of the file in the working folder', async () => {
    await file('mangamotion.config.json', '{"MINIO_REGION": "here"}');
    await file('etc/other.json', '{"MINIO_REGION": "there", "MINIO_PORT": 9100, "DRY_RUN": true}');
    const { config } = await load({}, { configFile: 'etc/other.json' });
    expect(config.store).toMatchObject({ region: 'there', port: 9100 });
    expect(config.dryRun).toBe(true);
  });
});

describe('the S3_ variables of the backend', () => {
  it('serve where ours are unset', async () => {
    const backend = {
      S3_ENDPOINT: 'https://s3.example.com',
      S3_ACCESS_KEY: 'backend',
      S3_SECRET_KEY: 'backend-secret',
      S3_REGION: 'eu-1',
    };
    const { config } = await load(backend);
    expect(config.store).toMatchObject({ host: 's3.example.com', port: 443, useTls: true });
    expect(config.store).toMatchObject({ accessKey: 'backend', region: 'eu-1' });
    expect(config.store.secretKey?.reveal()).toBe('backend-secret');
    const own = await load({ ...backend, MINIO_ACCESS_KEY: 'own', MINIO_ENDPOINT: 'h:1' });
    expect(own.config.store).toMatchObject({ host: 'h', port: 1, useTls: false, accessKey: 'own' });
  });
});

describe('the address of the store', () => {
  it('has the port of TLS where the endpoint names none', async () => {
    expect((await load({ MINIO_ENDPOINT: 'h' })).config.store.port).toBe(80);
    const tls = await load({ MINIO_ENDPOINT: 'h', MINIO_USE_SSL: 'TRUE' });
    expect(tls.config.store).toMatchObject({ port: 443, useTls: true });
  });

  it('takes MINIO_PORT, but not against a port in the endpoint', async () => {
    const env = { MINIO_ENDPOINT: 'h', MINIO_PORT: '9001' };
    expect((await load(env)).config.store.port).toBe(9001);
    expect((await load({ ...env, MINIO_ENDPOINT: 'h:9001' })).config.store.port).toBe(9001);
    expect(await problemOf({ ...env, MINIO_ENDPOINT: 'h:9000' })).toBe(
      'MINIO_PORT (environment): is 9001, but MINIO_ENDPOINT (environment) has port 9000; keep one',
    );
  });

  it('lets a flag with a port go before MINIO_PORT', async () => {
    const flags = { MINIO_ENDPOINT: { flag: '--endpoint', value: 'other:9000' } };
    const { config } = await load({ MINIO_PORT: '9001' }, { flags });
    expect(config.store).toMatchObject({ host: 'other', port: 9000 });
  });

  it('lets the scheme of a URL decide', async () => {
    const { config } = await load({ MINIO_ENDPOINT: 'http://h:9000', MINIO_USE_SSL: 'true' });
    expect(config.store.useTls).toBe(false);
  });
});

describe('problems', () => {
  it('are all told at once, each with its variable and where it was set', async () => {
    const config = await file('mangamotion.config.json', '{"BILLING_RATE_GB": "cheap"}');
    const env = await file('a.env', 'BACKUP_COMPRESSION=maybe\n');
    const flags = { MINIO_ENDPOINT: { flag: '--endpoint', value: 'http://h/path' } };
    const message = await problemOf({ MINIO_PORT: '70000' }, { envFile: 'a.env', flags });
    expect(message.split('\n')).toEqual([
      '4 settings are wrong:',
      '  - MINIO_ENDPOINT (--endpoint): must be no more than host and port, not "http://h/path"',
      '  - MINIO_PORT (environment): must be a port number, 1 to 65535, not "70000"',
      `  - BILLING_RATE_GB (${config}): must be a decimal number such as 0.001, not "cheap"`,
      `  - BACKUP_COMPRESSION (${env}): must be true or false (or 1, 0, yes, no), not "maybe"`,
    ]);
  });

  it.each([
    ['BILLING_DISCOUNT_TIER_1_PERCENT', '100.5', /must be a percentage, 0 to 100/],
    ['BILLING_DISCOUNT_TIER_1_THRESHOLD', '500', /must rise, not be 500, 500, 2000/],
    ['BILLING_DISCOUNT_MODE', 'steps', /must be volume or graduated, not "steps"/],
    ['BILLING_RATE_SECOND', '1e-4', /must be a decimal number/],
    ['BACKUP_RETENTION_DAYS', '0', /must be a number of days, at least 1/],
    ['BACKUP_S3_ENDPOINT', 'ftp://x', /must begin with http:\/\/ or https:\/\//],
    ['JOB_RESULT_PATHS', 'processed', /JOB_RESULT_PATHS \(environment\): must be paths such as/],
    ['JOB_PREVIEW_PATHS', 'a/b.jpg', /JOB_PREVIEW_PATHS \(environment\): must have \{job\}/],
    ['JOB_RESULT_BUCKETS', 'a/b', /JOB_RESULT_BUCKETS \(environment\): must be names of buckets/],
    ['MINIO_PUBLIC_ENDPOINT', 'a b', /MINIO_PUBLIC_ENDPOINT \(environment\): must be/],
  ])('%s=%s', async (name, value, problem) => {
    expect(await problemOf({ [name]: value })).toMatch(problem);
  });

  it('never show a secret', async () => {
    const message = await problemOf({
      REDIS_URL: 'http://:hunter22@redis',
      MINIO_ENDPOINT: 'http://me:hunter22@h',
    });
    expect(message).not.toContain('hunter22');
  });

  it('of the config file name what was meant', async () => {
    const config = await file('mangamotion.config.json', '{"MINIO_ENDPIONT": "h", "port": 1}');
    expect(await problemOf()).toBe(
      '2 settings are wrong:\n' +
        `  - MINIO_ENDPIONT (${config}): is not a setting of mangamotion; did you mean MINIO_ENDPOINT?\n` +
        `  - port (${config}): is not a setting of mangamotion`,
    );
  });

  it.each([
    ['{"MINIO_SECRET_KEY": "hunter22"', /is not valid JSON$/],
    ['[]', /must hold one JSON object$/],
    ['{"MINIO_PORT": [9000]}', /MINIO_PORT \(.*\): must be a string, a number, true or false$/],
    ['{"MINIO_PORT": null}', /must be a string, a number, true or false$/],
  ])('of a config file %s', async (content, problem) => {
    await file('mangamotion.config.json', content);
    const message = await problemOf();
    expect(message).toMatch(problem);
    expect(message).not.toContain('hunter22');
  });

  it('of files that are not there name them', async () => {
    const message = await problemOf({}, { envFile: 'no.env', configFile: 'no.json' });
    expect(message).toContain(`cannot read ${folder}/no.env: it does not exist`);
    expect(message).toContain(`cannot read ${folder}/no.json: it does not exist`);
  });
});

describe('MINIO_SECRET_KEY_FILE', () => {
  it('is read without the line end that editors leave, but no more', async () => {
    await file('key', 'hunter22 \n\n');
    const { config, secrets } = await load({ MINIO_SECRET_KEY_FILE: 'key' });
    expect(config.store.secretKey?.reveal()).toBe('hunter22 \n');
    expect(secrets).toContain('hunter22 \n');
  });

  it.each([
    ['nowhere', undefined, /cannot read .*nowhere: it does not exist/],
    ['empty', '\n', /the file is empty/],
  ])('%s is an error', async (name, content, problem) => {
    if (content !== undefined) await file(name, content);
    expect(await problemOf({ MINIO_SECRET_KEY_FILE: name })).toMatch(problem);
  });

  it('does not go beside MINIO_SECRET_KEY, unless that comes from a higher source', async () => {
    await file('key', 'from-file');
    const both = { MINIO_SECRET_KEY_FILE: 'key', MINIO_SECRET_KEY: 'from-variable' };
    expect(await problemOf(both)).toContain('MINIO_SECRET_KEY is set too; keep one');
    await file('mangamotion.config.json', '{"MINIO_SECRET_KEY_FILE": "key"}');
    const { config } = await load({ MINIO_SECRET_KEY: 'from-variable' });
    expect(config.store.secretKey?.reveal()).toBe('from-variable');
  });

  it('begins at the folder of the config file that names it', async () => {
    await file('etc/key', 'from-file');
    await file('etc/c.json', '{"MINIO_SECRET_KEY_FILE": "key"}');
    const { config } = await load({}, { configFile: 'etc/c.json' });
    expect(config.store.secretKey?.reveal()).toBe('from-file');
  });
});

describe('MINIO_CA_FILE', () => {
  const pem = '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n';

  it('is read, and S3_CA_CERT_PATH where it is unset', async () => {
    await file('ca.pem', pem);
    expect((await load({ MINIO_CA_FILE: 'ca.pem' })).config.store.caPem).toBe(pem);
    expect((await load({ S3_CA_CERT_PATH: 'ca.pem' })).config.store.caPem).toBe(pem);
  });

  it('must hold a certificate', async () => {
    await file('ca.pem', 'x');
    expect(await problemOf({ MINIO_CA_FILE: 'ca.pem' })).toMatch(
      /ca.pem holds no PEM certificate$/,
    );
    expect(await problemOf({ MINIO_CA_FILE: '.' })).toMatch(/it is a folder$/);
  });
});

describe('warnings', () => {
  it('point out what looks like a slip', async () => {
    const env = await file('a.env', 'BACKUP_RETENTION_DAY=3\n');
    const { warnings } = await load({ MINO_ENDPOINT: 'h' }, { envFile: 'a.env' });
    expect(warnings).toEqual([
      'MINO_ENDPOINT (environment) is not a setting of mangamotion; did you mean MINIO_ENDPOINT?',
      `BACKUP_RETENTION_DAY (${env}) is not a setting of mangamotion; did you mean BACKUP_RETENTION_DAYS?`,
    ]);
  });

  it.runIf(process.platform !== 'win32')('point out secrets that all can read', async () => {
    const env = await file('a.env', 'MINIO_SECRET_KEY=hunter22', 0o644);
    const config = await file('mangamotion.config.json', '{"REDIS_URL": "redis://h"}', 0o604);
    const { warnings } = await load({}, { envFile: 'a.env' });
    expect(warnings).toEqual([
      `${env} holds MINIO_SECRET_KEY and can be read by all users; run chmod 600 ${env}`,
      `${config} holds REDIS_URL and can be read by all users; run chmod 600 ${config}`,
    ]);
  });
});

describe('a readable file', () => {
  it('without secrets is no concern', async () => {
    await file('a.env', 'MINIO_REGION=x', 0o644);
    expect((await load({}, { envFile: 'a.env' })).warnings).toEqual([]);
  });
});

describe('credentials', () => {
  it('are asked for where a command needs the store', async () => {
    const { config } = await load({ MINIO_ACCESS_KEY: 'me' });
    const thrown = () => requireStoreSettings(config);
    expect(thrown).toThrow(MangamotionError);
    expect(thrown).toThrow(
      'no credentials for the object store: MINIO_SECRET_KEY (or MINIO_SECRET_KEY_FILE) not set',
    );
  });

  it('are not shown by what prints the configuration', async () => {
    const { config } = await load({
      MINIO_ACCESS_KEY: 'me',
      MINIO_SECRET_KEY: 'hunter22',
      REDIS_URL: 'redis://:hunter22@h',
      AWS_SECRET_ACCESS_KEY: 'hunter22',
    });
    const settings = requireStoreSettings(config);
    expect(settings.secretKey.reveal()).toBe('hunter22');
    for (const text of [inspect(config, { depth: 9 }), JSON.stringify(config)]) {
      expect(text).not.toContain('hunter22');
      expect(text).toContain('[redacted]');
    }
    expect(String(settings.secretKey)).toBe('[redacted]');
  });
});

describe('an s3:// destination', () => {
  it('is reached by AWS_ variables, never by MINIO_ ones', async () => {
    const aws = {
      AWS_ENDPOINT_URL: 'https://aws.example.com',
      AWS_ACCESS_KEY_ID: 'aws',
      AWS_SECRET_ACCESS_KEY: 'aws-secret',
      AWS_SESSION_TOKEN: 'token',
      AWS_DEFAULT_REGION: 'eu-1',
      MINIO_ACCESS_KEY: 'minio',
    };
    const { destination } = (await load(aws)).config.backup;
    expect(destination).toMatchObject({ accessKey: 'aws', region: 'eu-1' });
    expect(destination.address).toEqual({ host: 'aws.example.com', port: 443, useTls: true });
    expect(destination.sessionToken?.reveal()).toBe('token');
    const none = (await load({ MINIO_ACCESS_KEY: 'minio' })).config.backup.destination;
    expect(none).toMatchObject({ accessKey: undefined, address: undefined });
  });

  it('has TLS as its scheme says, and without one as BACKUP_S3_USE_SSL does', async () => {
    const addressOf = async (variables: Record<string, string>) =>
      (await load(variables)).config.backup.destination.address;
    const bare = { BACKUP_S3_ENDPOINT: 'h' };
    expect(await addressOf(bare)).toEqual({ host: 'h', port: 443, useTls: true });
    const off = { BACKUP_S3_USE_SSL: 'false' };
    expect(await addressOf({ ...bare, ...off })).toEqual({ host: 'h', port: 80, useTls: false });
    expect(await addressOf({ AWS_ENDPOINT_URL: 'h:9', ...off })).toEqual({
      ...{ host: 'h', port: 9, useTls: false },
    });
    for (const [BACKUP_S3_ENDPOINT, useTls] of [
      ['http://h:9', false],
      ['https://h:9', true],
    ] as const) {
      for (const BACKUP_S3_USE_SSL of ['true', 'false'])
        expect(await addressOf({ BACKUP_S3_ENDPOINT, BACKUP_S3_USE_SSL })).toMatchObject({
          useTls,
        });
    }
  });

  it('does not mix keys of two owners', async () => {
    const { destination } = (
      await load({ BACKUP_S3_ACCESS_KEY: 'own', AWS_SECRET_ACCESS_KEY: 'aws-secret' })
    ).config.backup;
    expect(destination).toMatchObject({ accessKey: 'own', secretKey: undefined });
  });
});

describe('the store that backup copy writes into', () => {
  const usual = {
    BACKUP_S3_ENDPOINT: 'https://near.example.com',
    BACKUP_S3_ACCESS_KEY: 'near',
    BACKUP_S3_SECRET_KEY: 'near-secret',
    BACKUP_S3_REGION: 'eu-1',
  };
  const other = {
    BACKUP_COPY_S3_ACCESS_KEY: 'far',
    BACKUP_COPY_S3_SECRET_KEY: 'far-secret',
  };
  const settingsOf = async (environment: Record<string, string>) =>
    copyStoreSettings((await load(environment)).config);

  it('is that of all s3:// destinations where nothing else is set', async () => {
    expect(await settingsOf(usual)).toBeUndefined();
  });

  it('may have other keys on the same server, or be another server', async () => {
    const keys = await settingsOf({ ...usual, ...other });
    expect(keys).toMatchObject({ host: 'near.example.com', region: 'eu-1', accessKey: 'far' });
    expect(keys?.secretKey.reveal()).toBe('far-secret');
    const endpoint = { BACKUP_COPY_S3_ENDPOINT: 'http://far.example.com:9000' };
    expect(await settingsOf({ ...usual, ...other, ...endpoint })).toMatchObject({
      ...{ host: 'far.example.com', port: 9000, useTls: false, region: undefined },
    });
  });

  it('never gets the keys of another server, or half of a pair', async () => {
    const endpoint = { BACKUP_COPY_S3_ENDPOINT: 'http://far.example.com:9000' };
    for (const wrong of [endpoint, { BACKUP_COPY_S3_ACCESS_KEY: 'far' }]) {
      const refused = settingsOf({ ...usual, ...wrong });
      await expect(refused).rejects.toThrow('BACKUP_COPY_S3_SECRET_KEY');
      await expect(refused).rejects.toMatchObject({ code: 'configuration' });
    }
  });

  it('keeps its secret', async () => {
    const { secrets } = await load({ ...usual, ...other });
    expect(secrets).toContain('far-secret');
  });
});

describe('the settings of signatures', () => {
  const KEY = `RWQ${'A'.repeat(53)}`;

  it('are a file, and public keys or files of them', async () => {
    await file('etc/backup.pub', `untrusted comment: x\n${KEY}\n`);
    const values = { BACKUP_SIGNING_KEY_FILE: 'backup.key', BACKUP_SIGNER: `backup.pub, ${KEY}` };
    const configFile = await file('etc/settings.json', JSON.stringify(values));
    const { config } = await load({}, { configFile });
    expect(config.backup.signing).toEqual({
      keyFile: path.join(folder, 'etc/backup.key'),
      signers: [
        { text: `untrusted comment: x\n${KEY}\n`, origin: path.join(folder, 'etc/backup.pub') },
        { text: KEY, origin: `BACKUP_SIGNER (${configFile})` },
      ],
    });
  });

  it.each(['BACKUP_SIGNING_KEY_FILE', 'BACKUP_SIGNER'])(
    '%s is wrong where it is empty, in whichever source',
    async (name) => {
      expect(await problemOf({ [name]: '' })).toMatch(`${name} (environment): is empty; unset it`);
      const configFile = await file('settings.json', JSON.stringify({ [name]: '' }));
      expect(await problemOf({}, { configFile })).toMatch(`${name} (${configFile}): is empty`);
      const envFile = await file('settings.env', `${name}=\n`);
      expect(await problemOf({}, { envFile })).toMatch(`${name} (${envFile}): is empty`);
    },
  );

  it.each(['BACKUP_SIGNERS', 'BACKUP_SIGNING_KEYFILE', 'BACKUP_SIGN_KEY'])(
    'a name such as %s is an error, not a warning',
    async (name) => {
      expect(await problemOf({ [name]: 'x' })).toContain(`${name} (environment): is not a setting`);
    },
  );

  it("a name that only begins like one is somebody else's", async () => {
    const { warnings } = await load({ BACKUP_DESIGNS: 'x', BACKUP_ASSIGNEE: 'y' });
    expect(warnings).toEqual([]);
  });
});
