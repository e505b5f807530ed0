import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findCommand, freePort } from '../helpers/child-processes.js';
import { filesIn, temporaryFolder } from '../helpers/backups.js';
import { run, storeSettings, type Outcome, type ProgramOptions } from '../helpers/cli.js';
import { asOrdinaryUser } from '../helpers/ordinary-user.js';
import { freshBucket, removeBucket, testStore } from '../helpers/test-store.js';

/** What an operator gets wrong: one clear message, the right status, and nothing left behind. */

const SECRET = 'a-secret-that-nobody-may-read';

const store = testStore();
const { folder, remove } = temporaryFolder();
let bucket: string;

beforeAll(async () => {
  bucket = await freshBucket(store);
});
afterAll(async () => {
  await removeBucket(store, bucket);
  store.close();
  remove();
});

const full = (destination: string, options: ProgramOptions = {}): Promise<Outcome> =>
  run(['backup', 'full', destination, '--bucket', bucket], options);

function expectOneMessage({ stdout, stderr }: Outcome, about: string | RegExp): void {
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^mangamotion: [^\n]+\n( {2}hint: [^\n]+\n)?$/);
  expect(stderr).toMatch(about);
  expect(stderr).not.toMatch(/\.(js|ts):\d+|\bat .+\(|Error:/);
  expect(stderr).not.toContain(SECRET);
}

describe('a destination that cannot be one', () => {
  it('does not exist: status 4', async () => {
    const outcome = await full(join(folder, 'not mounted'));
    expect(outcome.exitCode).toBe(4);
    expectOneMessage(outcome, /no such folder: .*not mounted/);
    expect(await filesIn(folder)).not.toContain('not mounted');
  });

  it('is a URL: status 2', async () => {
    const outcome = await run(['backup', 'full', 'ftp://host/backups', '--bucket', bucket]);
    expect(outcome.exitCode).toBe(2);
    expectOneMessage(outcome, /ftp:\/\/host\/backups is a URL/);
  });

  it('is a file: status 2', async () => {
    const file = join(folder, 'a-file');
    await writeFile(file, 'mine');
    const outcome = await full(file);
    expect(outcome.exitCode).toBe(2);
    expectOneMessage(outcome, /a-file is a file, not a folder/);
  });

  it('lies below a file: status 2', async () => {
    const file = join(folder, 'another-file');
    await writeFile(file, 'mine');
    const outcome = await full(join(file, 'folder'));
    expect(outcome.exitCode).toBe(2);
    expectOneMessage(outcome, /another-file\/folder/);
  });

  it.runIf(process.getuid?.() !== 0 || findCommand('setpriv') !== undefined)(
    'may not be written to: status 2',
    async () => {
      const closed = join(folder, 'closed');
      await mkdir(closed);
      await chmod(closed, 0o500);
      const outcome = await asOrdinaryUser(['backup', 'full', closed, '--bucket', bucket], {
        env: storeSettings(),
      });
      expect(outcome.exitCode).toBe(2);
      expectOneMessage(outcome, /closed: permission denied/);
      expect(await filesIn(closed)).toEqual([]);
    },
  );
});

describe('a store that cannot be used', () => {
  const cases: [string, () => Promise<ProgramOptions> | ProgramOptions, number, RegExp][] = [
    [
      'does not answer on that port',
      async () => ({ endpoint: `http://127.0.0.1:${await freePort()}` }),
      6,
      /cannot be reached: .*ECONNREFUSED/,
    ],
    [
      'has a name that nobody knows',
      () => ({ endpoint: 'http://store.invalid:9000' }),
      6,
      /http:\/\/store\.invalid:9000 cannot be reached/,
    ],
    [
      'does not know the access key',
      () => ({ env: { MINIO_ACCESS_KEY: 'nobody' } }),
      6,
      /InvalidAccessKeyId.*\n.*MINIO_ACCESS_KEY/,
    ],
    [
      'has another secret key',
      () => ({ env: { MINIO_SECRET_KEY: SECRET } }),
      6,
      /SignatureDoesNotMatch.*\n.*MINIO_SECRET_KEY/,
    ],
    [
      'is spoken to in TLS, and does not speak it',
      () => ({ endpoint: store.endpoint.replace('http:', 'https:') }),
      6,
      /MINIO_USE_SSL=false/,
    ],
    ['needs an access key', () => ({ env: { MINIO_ACCESS_KEY: '' } }), 2, /MINIO_ACCESS_KEY/],
    ['needs a secret key', () => ({ env: { MINIO_SECRET_KEY: '' } }), 2, /MINIO_SECRET_KEY/],
  ];

  // They spend their time waiting.
  it.concurrent.each(cases)('%s', { timeout: 120_000 }, async (_, options, status, about) => {
    const { folder: empty, remove: removeEmpty } = temporaryFolder();
    const outcome = await full(empty, await options());
    expect(outcome).toMatchObject({ exitCode: status });
    expectOneMessage(withoutWarnings(outcome), about);
    expect(await filesIn(empty)).toEqual([]);
    removeEmpty();
  });

  it('has no bucket of that name: status 4, and the names that it has', async () => {
    for (const option of ['--bucket', '--exclude-bucket']) {
      const outcome = await run(['backup', 'full', folder, option, 'no-such-bucket']);
      expect(outcome.exitCode).toBe(4);
      expectOneMessage(outcome, /no such bucket: no-such-bucket\n.*has these buckets: .*test-/);
    }
  });

  it('has the bucket, but it is selected and excluded: status 2', async () => {
    const outcome = await run([
      'backup',
      'full',
      folder,
      '--bucket',
      bucket,
      '--exclude-bucket',
      bucket,
    ]);
    expect(outcome.exitCode).toBe(2);
    expectOneMessage(outcome, /both selected and excluded/);
  });
});

describe('settings that this command cannot follow', () => {
  it('DRY_RUN=true is status 2: a backup has no dry run', async () => {
    const { folder: empty, remove: removeEmpty } = temporaryFolder();
    const outcome = await full(empty, { env: { DRY_RUN: 'true' } });
    expect(outcome.exitCode).toBe(2);
    expectOneMessage(outcome, /DRY_RUN is set/);
    expect(await filesIn(empty)).toEqual([]);
    removeEmpty();
  });

  it('no secret is printed, even with --debug', async () => {
    const { stdout, stderr } = await run(
      ['backup', 'full', folder, '--bucket', bucket, '--debug', '--json'],
      { env: { MINIO_SECRET_KEY: SECRET } },
    );
    expect(stderr).toContain('SignatureDoesNotMatch');
    expect(stdout + stderr).not.toContain(SECRET);
  });
});

/** Retries are told as warnings, before the message that ends the command. */
function withoutWarnings({ exitCode, stdout, stderr }: Outcome): Outcome {
  return { exitCode, stdout, stderr: stderr.replaceAll(/^mangamotion: warning: .*\n/gm, '') };
}
