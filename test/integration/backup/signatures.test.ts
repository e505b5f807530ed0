import { execFileSync } from 'node:child_process';
import {
  copyFile,
  cp,
  mkdir,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { VerifyResult } from '../../../src/backup/verify/result.js';
import type { RollingResult } from '../../../src/backup/verify/rolling/rolling.js';
import type { Summary } from '../../../src/repository/summary.js';
import { decodeSummary, encodeSummary } from '../../../src/repository/summary-codec.js';
import {
  type SigningKey,
  keyIdText,
  newSigningKey,
  parseSigningKey,
  publicKeyText,
} from '../../../src/signature/keys.js';
import { signFile } from '../../../src/signature/signature-file.js';
import { backupStoreSettings } from '../../helpers/backup-store.js';
import { filesIn, temporaryFolder } from '../../helpers/backups.js';
import { run, runJson, storeSettings } from '../../helpers/cli.js';
import { startFaultyProxy } from '../../helpers/faulty-proxy.js';
import { namesAt } from '../../helpers/s3-destinations.js';
import { noise, seed } from '../../helpers/seed.js';
import { freshBucket, freshBucketName, removeBucket, testStore } from '../../helpers/test-store.js';

/** Signed backups: what minisign says to them, and what happens when somebody tampers with them. */

const store = testStore();
const { folder: work, remove } = temporaryFolder();
/** Holds a full, an incremental and another full, all signed. Tests work on copies. */
const signed = join(work, 'signed');
const keyFile = join(work, 'backup.key');
const publicFile = `${keyFile}.pub`;
let bucket: string;
let key: SigningKey;
let full: string;
let incremental: string;
let newest: string;

async function backUp(
  type: 'full' | 'incremental' | 'metadata',
  folder: string,
  env: Record<string, string> = {},
  ...flags: string[]
): Promise<{ summary: Summary; stderr: string }> {
  const buckets = type === 'metadata' ? [] : ['--bucket', bucket];
  const made = await runJson<Summary>(
    ['backup', type, folder, ...buckets, '--no-prune', ...flags],
    {
      env: { BACKUP_SIGNING_KEY_FILE: keyFile, ...env },
    },
  );
  // One of metadata has all buckets of the server, and other tests remove theirs meanwhile.
  expect(type === 'metadata' ? [0, 3] : [0], made.stderr).toContain(made.exitCode);
  return { summary: made.answer, stderr: made.stderr };
}

async function verify(backup: string, ...flags: string[]) {
  return await runJson<VerifyResult>(['backup', 'verify', backup, ...flags]);
}

function minisign(...args: string[]): string {
  return execFileSync('minisign', args, { cwd: work, encoding: 'utf8', stdio: 'pipe' });
}

function isSignature(path: string): boolean {
  return path.split('?')[0]?.endsWith('.minisig') === true;
}

let copies = 0;
async function copyOfSigned(): Promise<string> {
  const folder = join(work, `copy-${copies++}`);
  await cp(signed, folder, { recursive: true });
  return folder;
}

async function summaryIn(folder: string, id: string): Promise<Summary> {
  const decoded = decodeSummary(await readFile(join(folder, `${id}.json`)));
  if (decoded.kind !== 'valid') throw new Error(decoded.kind);
  return decoded.summary;
}

beforeAll(async () => {
  bucket = await freshBucket(store);
  const keys = Array.from({ length: 20 }, (_, n) => `page-${n}`);
  await seed(
    store,
    bucket,
    keys.map((name) => ({ key: name, content: noise(2000, name) })),
  );
  await mkdir(signed);
  const made = await runJson<{ signer: string }>(['key', 'new', '--signing', keyFile]);
  expect(made.exitCode).toBe(0);
  key = parseSigningKey(await readFile(keyFile, 'utf8'), keyFile);
  expect(made.answer.signer).toBe(publicKeyText(key.publicKey));
  ({ id: full } = (await backUp('full', signed)).summary);
  await seed(store, bucket, [{ key: 'page-new', content: noise(2000, 'new') }]);
  ({ id: incremental } = (await backUp('incremental', signed)).summary);
  ({ id: newest } = (await backUp('full', signed)).summary);
});

afterAll(async () => {
  remove();
  await removeBucket(store, bucket);
  store.close();
});

describe('keys', () => {
  it('are private, have a public file that minisign takes, and are never overwritten', async () => {
    expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
    const again = await run(['key', 'new', '--signing', keyFile]);
    expect(again).toMatchObject({ exitCode: 8, stdout: '' });
    const half = join(work, 'half.key');
    await writeFile(`${half}.pub`, 'something else\n');
    expect((await run(['key', 'new', '--signing', half])).exitCode).toBe(8);
    expect(await filesIn(work)).not.toContain('half.key');
    const shown = await run(['key', 'show', keyFile]);
    expect(shown.stdout).toBe(`${publicKeyText(key.publicKey)}\n`);
    minisign('-G', '-W', '-s', 'theirs.key', '-p', 'theirs.pub');
    const theirs = await run(['key', 'show', join(work, 'theirs.key')]);
    expect(await readFile(join(work, 'theirs.pub'), 'utf8')).toContain(theirs.stdout);
  });
});

describe('signed backups', () => {
  it('are accepted by minisign, whole, quickly and within a period', async () => {
    expect((await summaryIn(signed, incremental)).references).toEqual([full]);
    for (const id of [full, incremental, newest]) {
      const path = join(signed, id);
      expect(minisign('-V', '-p', publicFile, '-m', `${path}.json`)).toContain(`file:${id}.json`);
      for (const flags of [[], ['--quick']]) {
        const { exitCode, answer } = await verify(path, ...flags, '--signer', publicFile);
        expect(answer).toMatchObject({
          status: 'ok',
          signed_by: keyIdText(key.publicKey.id),
        });
        expect(exitCode).toBe(0);
      }
    }
    const within = await run(
      ['backup', 'verify', await copyOfSigned(), '--within', '30d', '--json'],
      {
        env: { BACKUP_SIGNER: `${publicKeyText(newSigningKey().publicKey)},${publicFile}` },
      },
    );
    expect(JSON.parse(within.stdout)).toMatchObject({ status: 'ok', signed: 3 });
  });

  it.each([
    ['of metadata', 'metadata', {}],
    ['in plain folders', 'full', { BACKUP_COMPRESSION: 'false' }],
  ] as const)('%s', async (_, type, env) => {
    const folder = join(work, `other-${copies++}`);
    await mkdir(folder);
    const { summary } = await backUp(type, folder, env);
    expect((await verify(join(folder, summary.id), '--signer', publicFile)).exitCode).toBe(0);
    await rm(join(folder, `${summary.id}.json.minisig`));
    expect((await verify(join(folder, summary.id), '--signer', publicFile)).exitCode).toBe(5);
  });

  it('that are encrypted', async () => {
    vi.stubEnv('XDG_STATE_HOME', join(work, 'state'));
    const folder = join(work, 'encrypted');
    const age = join(work, 'backup.agekey');
    await mkdir(folder);
    const made = await runJson<{ recipient: string }>(['key', 'new', age]);
    const { summary } = await backUp('full', folder, {}, '--recipient', made.answer.recipient);
    const file = join(folder, `${summary.id}.json`);
    expect(minisign('-V', '-p', publicFile, '-m', file)).toContain('verified');
    const flags = ['--identity', age, '--signer', publicFile];
    expect(await verify(join(folder, summary.id), ...flags)).toMatchObject({ exitCode: 0 });
    vi.unstubAllEnvs();
  });

  it('in a bucket have their signature before their summary, and are removed with it', async () => {
    const target = await freshBucket(store);
    const proxy = await startFaultyProxy(storeSettings().MINIO_ENDPOINT ?? '');
    const env = backupStoreSettings(proxy.endpoint);
    const destination = `s3://${target}/nightly`;
    const { summary } = await backUp('full', destination, env);
    const place = { bucket: target, prefix: 'nightly/' };
    const name = `${summary.id}.json`;
    expect(await namesAt(store, place)).toEqual([name, `${name}.minisig`, `${summary.id}.tar.gz`]);
    const puts = proxy.requests.filter(({ method }) => method === 'PUT').map(({ path }) => path);
    const [signature, committed] = [`${name}.minisig`, name].map((end) =>
      puts.findIndex((path) => path.split('?')[0]?.endsWith(`/${end}`)),
    );
    expect(signature).toBeGreaterThan(-1);
    expect(signature).toBeLessThan(committed ?? -1);
    const flags = ['--signer', publicFile, '--json'];
    const good = await run(['backup', 'verify', `${destination}/${summary.id}`, ...flags], { env });
    expect(good.exitCode).toBe(0);
    await store.deleteObject(target, `nightly/${name}.minisig`);
    const bad = await run(['backup', 'verify', `${destination}/${summary.id}`, ...flags], { env });
    expect(bad.exitCode).toBe(5);
    expect(bad.stdout).toContain('signature_missing');
    proxy.setPlan(({ method, path }) =>
      method === 'PUT' && /_full_\d+_\d+\.json(\?|$)/.test(path)
        ? { kind: 'answer', status: 403, code: 'AccessDenied' }
        : undefined,
    );
    const before = await namesAt(store, place);
    proxy.requests.length = 0;
    const args = ['backup', 'full', destination, '--bucket', bucket, '--no-prune'];
    const failed = await run(args, { env: { ...env, BACKUP_SIGNING_KEY_FILE: keyFile } });
    expect(failed.exitCode).not.toBe(0);
    expect(proxy.requests.some(({ method, path }) => method === 'PUT' && isSignature(path))).toBe(
      true,
    );
    expect(await namesAt(store, place)).toEqual(before);
    await proxy.close();
    await removeBucket(store, target);
  });
});

describe('a backup that somebody tampered with', () => {
  /** What is done to the newest backup, and how `verify` names it. */
  const attacks: [string, (folder: string) => Promise<unknown>, string][] = [
    [
      'lost its signature',
      (folder) => rm(join(folder, `${newest}.json.minisig`)),
      'signature_missing',
    ],
    [
      'is signed by somebody else',
      (folder) => sign(folder, newest, newSigningKey()),
      'signer_unknown',
    ],
    [
      'has a forged summary with a right digest',
      async (folder) => {
        const summary = await summaryIn(folder, newest);
        const text = encodeSummary({ ...summary, destination: '/elsewhere' });
        await writeFile(join(folder, `${newest}.json`), text);
      },
      'signature_wrong',
    ],
    [
      'is an older run under its name',
      async (folder) => {
        for (const end of ['.json', '.json.minisig', '.tar.gz']) {
          await copyFile(join(folder, full + end), join(folder, newest + end));
        }
      },
      'signature_of_other',
    ],
    [
      'is an older run, signed under its name',
      async (folder) => {
        await copyFile(join(folder, `${full}.json`), join(folder, `${newest}.json`));
        await sign(folder, newest, key);
      },
      'signature_of_other',
    ],
    [
      'has a changed comment',
      async (folder) => {
        const path = join(folder, `${newest}.json.minisig`);
        const text = await readFile(path, 'utf8');
        await writeFile(path, text.replace('timestamp:', 'timestamp:9'));
      },
      'signature_comment',
    ],
    [
      'has two signatures',
      async (folder) => {
        const path = join(folder, `${newest}.json.minisig`);
        await writeFile(path, (await readFile(path, 'utf8')).repeat(2));
      },
      'signature_unreadable',
    ],
    [
      'has a huge signature',
      (folder) => writeFile(join(folder, `${newest}.json.minisig`), Buffer.alloc(20_000, 'a')),
      'signature_unreadable',
    ],
    [
      'has an empty signature',
      (folder) => writeFile(join(folder, `${newest}.json.minisig`), ''),
      'signature_unreadable',
    ],
    [
      'has a pipe for a signature',
      async (folder) => {
        await rm(join(folder, `${newest}.json.minisig`));
        execFileSync('mkfifo', [join(folder, `${newest}.json.minisig`)]);
      },
      'signature_unreadable',
    ],
    [
      'has a folder for a signature',
      async (folder) => {
        await rm(join(folder, `${newest}.json.minisig`));
        await mkdir(join(folder, `${newest}.json.minisig`));
      },
      'signature_unreadable',
    ],
  ];

  async function sign(folder: string, id: string, by: SigningKey): Promise<void> {
    const fileName = `${id}.json`;
    const content = await readFile(join(folder, fileName));
    const text = signFile(content, { fileName, time: new Date() }, by);
    await writeFile(join(folder, `${fileName}.minisig`), text);
  }

  it.each(attacks)('%s', async (_, attack, kind) => {
    const folder = await copyOfSigned();
    await attack(folder);
    const path = join(folder, newest);
    for (const flags of [[], ['--quick']]) {
      const found = await verify(path, ...flags, '--signer', publicFile);
      expect(found.answer.problems.map((problem) => problem.kind)).toContain(kind);
      expect(found).toMatchObject({ exitCode: 5, answer: { signed_by: null } });
    }
    const within = await runJson<RollingResult>([
      'backup',
      'verify',
      folder,
      '--within',
      '30d',
      '--signer',
      publicFile,
    ]);
    expect(within.exitCode).toBe(5);
    expect(within.answer.problems).toContainEqual(expect.objectContaining({ id: newest, kind }));
    expect(within.answer.signed).toBe(2);
    const target = freshBucketName();
    const restore = ['restore', path, '--bucket', bucket, '--as', `${bucket}=${target}`, '--yes'];
    const refused = await run(restore, { env: { BACKUP_SIGNER: publicFile } });
    expect(refused).toMatchObject({ exitCode: 5, stdout: '' });
    expect(refused.stderr).toContain(`${newest}.json`);
    expect((await store.listBuckets()).map(({ name }) => name)).not.toContain(target);
  });

  it('is no matter to an incremental that refers to its archive', async () => {
    const folder = await copyOfSigned();
    const summary = await summaryIn(folder, full);
    await writeFile(join(folder, `${full}.json`), encodeSummary({ ...summary, tool: 'forged' }));
    expect((await verify(join(folder, full), '--signer', publicFile)).exitCode).toBe(5);
    const found = await verify(join(folder, incremental), '--signer', publicFile);
    expect(found).toMatchObject({ exitCode: 0, answer: { status: 'ok', objects: 21 } });
    // The archive is covered by the signature of whoever refers to it.
    const archive = join(folder, `${full}.tar.gz`);
    const bytes = await readFile(archive);
    bytes[2000] = (bytes[2000] ?? 0) ^ 1;
    await writeFile(archive, bytes);
    expect((await verify(join(folder, incremental), '--signer', publicFile)).exitCode).toBe(5);
  });

  it('is refused by a restore of Redis and by a drill', async () => {
    const folder = await copyOfSigned();
    await rm(join(folder, `${newest}.json.minisig`));
    const signer = ['--signer', publicFile];
    const redis = await run(['restore', join(folder, newest), 'redis', ...signer, '--yes']);
    expect(redis).toMatchObject({ exitCode: 5, stdout: '' });
    const drill = await run(['drill', 'object', folder, ...signer]);
    expect(drill.exitCode).not.toBe(0);
    for (const text of [redis.stderr, drill.stdout]) {
      expect(text).toContain(`${newest}.json.minisig is missing`);
    }
  });

  it('is as it was for those who have no signer', async () => {
    const folder = await copyOfSigned();
    await rm(join(folder, `${newest}.json.minisig`));
    const found = await verify(join(folder, newest));
    expect(found).toMatchObject({ exitCode: 0, answer: { status: 'ok' } });
    expect(found.answer).not.toHaveProperty('signed_by');
  });
});

it('a restore of a signed backup goes on', async () => {
  const target = freshBucketName();
  const args = ['restore', join(signed, incremental), '--bucket', bucket];
  const restored = await run([
    ...args,
    '--as',
    `${bucket}=${target}`,
    '--signer',
    publicFile,
    '--yes',
  ]);
  expect(restored.exitCode, restored.stderr).toBe(0);
  await removeBucket(store, target);
});

describe('a run that signs', () => {
  it('refers to no backup that it does not trust, and takes nothing from it', async () => {
    const folder = await copyOfSigned();
    const summary = await summaryIn(folder, newest);
    await writeFile(join(folder, `${newest}.json`), encodeSummary({ ...summary, tool: 'forged' }));
    const { summary: made, stderr } = await backUp('incremental', folder);
    expect(made.type).toBe('full');
    expect(stderr).toContain(`${newest} cannot be the parent of a signed backup`);
    expect(made.objects.captured).toBe(21);
    const args = ['backup', 'incremental', folder, '--bucket', bucket, '--parent', newest];
    const refused = await run(args, { env: { BACKUP_SIGNING_KEY_FILE: keyFile } });
    expect(refused.exitCode).toBe(8);
  });

  it('refers to backups of a former key that is named as signer', async () => {
    const folder = await copyOfSigned();
    await run(['key', 'new', '--signing', join(work, 'second.key')]);
    const env = { BACKUP_SIGNING_KEY_FILE: join(work, 'second.key') };
    const both = await backUp('incremental', folder, { ...env, BACKUP_SIGNER: publicFile });
    expect(both.summary.type).toBe('incremental');
    expect((await verify(join(folder, both.summary.id), '--signer', publicFile)).exitCode).toBe(5);
  });

  it.each([
    ['signs', {}, 0],
    ['does not sign', { BACKUP_SIGNING_KEY_FILE: '' }, 21],
  ])('salvages nothing that anybody may have left, if it %s', async (_, env, salvaged) => {
    const folder = join(work, `leftover-${copies++}`);
    await mkdir(folder);
    const left = `${newest}.tar.gz.partial`;
    await copyFile(join(signed, `${newest}.tar.gz`), join(folder, left));
    const { summary } = await backUp('full', folder, env);
    expect(summary.objects.salvaged).toBe(salvaged);
    expect(await filesIn(folder)).not.toContain(left);
  });

  it('removes what a run left that was killed before its summary appeared', async () => {
    const folder = await copyOfSigned();
    await rename(join(folder, `${newest}.json`), join(folder, `${newest}.json.partial`));
    await backUp('full', folder);
    expect((await readdir(folder)).filter((name) => name.startsWith(newest))).toEqual([]);
  });

  const refusals: [string, Record<string, string>, string][] = [
    ['a key that is missing', { BACKUP_SIGNING_KEY_FILE: '/nowhere/backup.key' }, 'does not exist'],
    ['a public key', { BACKUP_SIGNING_KEY_FILE: `${keyFile}.pub` }, 'public key'],
    ['a key that is no key', { BACKUP_SIGNING_KEY_FILE: '/dev/null' }, 'not a secret key'],
    ['a mistyped name', { BACKUP_SIGNING_KEY: keyFile }, 'BACKUP_SIGNING_KEY_FILE'],
    ['a name that can mean nothing else', { BACKUP_MINISIGN_FILE: keyFile }, 'one of'],
    ['a blank key', { BACKUP_SIGNING_KEY_FILE: ' ' }, 'is empty'],
    ['a signer that is missing', { BACKUP_SIGNER: '/nowhere/backup.pub' }, 'no public key'],
    ['a signer that is cut off', { BACKUP_SIGNER: 'RWQabc' }, 'no public key'],
    ['a signer that is a secret key', { BACKUP_SIGNER: keyFile }, 'secret key'],
    ['a signer that is empty', { BACKUP_SIGNER: ' ' }, 'is empty'],
    ['an empty place among signers', { BACKUP_SIGNER: `${publicFile},` }, 'empty place'],
  ];
  it.each(refusals)('is refused with %s', async (_, env, message) => {
    const folder = join(work, `refused-${copies++}`);
    await mkdir(folder);
    const refused = await run(['backup', 'full', folder, '--bucket', bucket], { env });
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toContain(message);
    expect(refused.stderr).not.toContain((await readFile(keyFile, 'utf8')).split('\n')[1]);
    expect(await filesIn(folder)).toEqual([]);
  });

  it('is refused with a key that needs a password', async () => {
    // As minisign marks one. It takes ten seconds to make it.
    const [comment = '', line = ''] = (await readFile(keyFile, 'utf8')).split('\n');
    const bytes = Buffer.from(line, 'base64');
    bytes.write('Sc', 2, 'latin1');
    const locked = join(work, 'locked.key');
    await writeFile(locked, `${comment}\n${bytes.toString('base64')}\n`, { mode: 0o600 });
    const args = ['backup', 'full', signed, '--signing-key', locked];
    const refused = await run([...args, '--bucket', bucket]);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain('mangamotion key new --signing');
  });
});
