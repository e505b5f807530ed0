import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../helpers/backups.js';
import { backupStoreSettings } from '../helpers/backup-store.js';
import { runJson, storeSettings } from '../helpers/cli.js';
import { RawQueue } from '../helpers/raw-queue.js';
import { noise, seed } from '../helpers/seed.js';
import { runHere, type Outcome } from '../helpers/in-process.js';
import {
  SHELLS,
  ShellTerminal,
  prepareShells,
  serveNames,
  type NamesServer,
} from '../helpers/shell-terminal.js';
import { freshBucket, removeBucket, testStore } from '../helpers/test-store.js';
import { useRedis } from '../helpers/use-redis.js';
import { mangamotion } from './run.js';

const store = testStore();
const { folder, remove } = temporaryFolder();
const used = useRedis();
let bucket: string;
let target: string;
let names: NamesServer;
let backup: string;
let settings: Record<string, string>;

beforeAll(async () => {
  names = await serveNames(async (args) => (await answerHere(args)).stdout);
  await prepareShells(folder, names);
  bucket = await freshBucket(store);
  target = await freshBucket(store);
  await seed(store, bucket, [{ key: 'a', content: noise(1000, 'a') }]);
  settings = { ...storeSettings(), ...backupStoreSettings(), REDIS_URL: used.server.url };
  const made = async (where: string) => {
    const args = ['backup', 'full', where, '--bucket', bucket];
    const { exitCode, answer } = await runJson<{ id: string }>(args, { env: settings });
    expect(exitCode).toBe(0);
    return answer.id;
  };
  await mkdir(join(folder, 'my backups'));
  await made(join(folder, 'my backups'));
  backup = await made(`s3://${target}/deep/down`);
  await writeFile(
    join(folder, 'mangamotion.crontab'),
    '# name=nightly\n0 2 * * * backup full /var/backups/minio\n' +
      '# name=hourly\n0 * * * * backup incremental /var/backups/minio\n',
  );
});
afterAll(async () => {
  await removeBucket(store, bucket);
  await removeBucket(store, target);
  store.close();
  names.close();
  remove();
});

const answerHere = (args: readonly string[], env: Record<string, string> = {}) =>
  runHere(args, { cwd: folder, env: { HOME: folder, ...settings, ...env } });

/** What the program answers. A loaded machine makes it late: where names are wanted, it is asked again. */
async function ask(words: readonly string[], env: Record<string, string> = settings) {
  for (;;) {
    const found = await askOnce(words, env);
    if (found.length > 0) return found;
  }
}

async function askOnce(words: readonly string[], env: Record<string, string> = settings) {
  return namesIn(await runHere(['__complete', ...words], { cwd: folder, env }));
}

function namesIn({ exitCode, stdout, stderr }: Outcome): string[] {
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout.split('\n').slice(0, -1);
}

const queue = (name = 'ai-job', prefix = 'bull') => new RawQueue(used.redis, { prefix, name });

/** Job ids as only an attacker would choose them. */
const HOSTILE = [
  'two words',
  `it's`,
  'say "hello"',
  '$(touch pwned)',
  '`touch pwned`',
  'a;touch pwned',
  'a&touch pwned',
  '$HOME',
  'back\\slash',
  'co:lon:s',
  'eq=uals',
  'a*b?[c]',
  '~/home',
  '{a,b}',
  '日本 語',
  '#hash',
  'wow!!',
  '<in>out|pipe',
];
/** Those that cannot be typed, or would be taken for something else. */
const NEVER_OFFERED = [
  'new\nline',
  'es\u001b[31mcape',
  'ta\tb',
  '--json',
  '\u202eright',
  'x'.repeat(300),
];

describe('names', () => {
  it('are buckets, jobs, users and entries, and begin with what is typed', async () => {
    await queue().addJob('4711', 'completed');
    await queue().addJob('4712', 'wait');
    await queue().addJob('99', 'failed');
    await queue('other', 'my:env').addJob('47-other', 'active');
    await used.redis.hset('billing:user:alice', { bytes: '1' });
    await used.redis.hset('billing:user:al*ce', { bytes: '1' });
    await used.redis.hset('billing:user:bob', { bytes: '1' });
    expect(
      await ask(['bucket', bucket.slice(0, -2), 'backup', 'full', '/x', '--bucket']),
    ).toContain(bucket);
    expect((await ask(['job', '47', 'jobs', 'show'])).sort()).toEqual(['4711', '4712']);
    expect(await ask(['job', '', 'jobs', 'show', '--queue=my:env:other'])).toEqual(['47-other']);
    expect((await ask(['user', 'al', 'billing', 'summary'])).sort()).toEqual(['al*ce', 'alice']);
    expect(await ask(['user', 'al*', 'billing', 'summary'])).toEqual(['al*ce']);
    expect(await ask(['entry', '', 'schedule', 'run'])).toEqual(['nightly', 'hourly']);
    await writeFile(join(folder, 'other.crontab'), '# name=odd\n0 2 * * * config check\n');
    const file = ['--file', 'other.crontab'];
    expect(await ask(['entry', 'o', 'schedule', 'run', ...file])).toEqual(['odd']);
  });

  it('are destinations, backups and the buckets in them', async () => {
    const url = `s3://${target}/deep/down`;
    expect(await ask(['destination', `s3://${target}`, 'backup', 'list'])).toEqual([
      `s3://${target}/`,
    ]);
    expect(await ask(['destination', `s3://${target}/d`, 'backup', 'list'])).toEqual([url]);
    expect(await ask(['backup', `${url}/m`, 'backup', 'show'])).toEqual([`${url}/${backup}`]);
    expect(await ask(['backup-id', '', 'backup', 'incremental', url, '--parent'])).toEqual([
      backup,
    ]);
    const restore = ['restore', `${url}/${backup}`, '--bucket'];
    expect(await ask(['captured-bucket', '', ...restore])).toEqual([bucket]);
    expect(await ask(['captured-bucket', '', 'restore', 'my backups', '--latest'])).toEqual([
      bucket,
    ]);
    const [here] = await ask(['backup', 'my backups/minio', 'backup', 'show']);
    expect(here).toMatch(/^my backups\/minio_backup_full_\d{8}_\d{6}$/);
    const env = { ...settings, HOME: folder };
    expect(await ask(['backup', '~/my backups/', 'restore'], env)).toEqual([`~/${here ?? ''}`]);
  });

  it('come with the settings that are typed', async () => {
    await queue().addJob('4711', 'completed');
    await writeFile(join(folder, 'settings.env'), `REDIS_URL=${used.server.url}\n`);
    const typed = ['jobs', 'show', '--env-file', 'settings.env'];
    expect(await ask(['job', '', ...typed], {})).toEqual(['4711']);
    const asProcess = () => mangamotion(['__complete', 'job', '', ...typed], { cwd: folder });
    await expect.poll(async () => namesIn(await asProcess())).toEqual(['4711']);
    expect(await askOnce(['job', '', 'jobs', 'show'], {})).toEqual([]);
  });

  it('are left out where they cannot be typed, or would be taken for an option', async () => {
    for (const id of [...NEVER_OFFERED, ...HOSTILE]) await queue().addJob(id, 'completed');
    expect((await ask(['job', '', 'jobs', 'show'])).sort()).toEqual([...HOSTILE].sort());
  });

  it('are not all of very many', async () => {
    await queue().addIds('completed', 50_000);
    expect(await ask(['job', '', 'jobs', 'show'])).toHaveLength(300);
  });

  it('change nothing', async () => {
    await queue().addJob('4711', 'completed');
    const before = [await readdir(folder), await used.redis.dbsize()];
    for (const kind of ['bucket', 'job', 'user', 'entry']) await askOnce([kind, '']);
    await ask(['backup', 'my backups/', 'backup', 'show']);
    expect([await readdir(folder), await used.redis.dbsize()]).toEqual(before);
  });
});

describe('nothing is said', () => {
  it.each([
    [
      'of a server that is not there',
      { REDIS_URL: 'redis://127.0.0.1:1', MINIO_ENDPOINT: '127.0.0.1:1' },
    ],
    ['without settings', { REDIS_URL: '', MINIO_ACCESS_KEY: '' }],
    [
      'of settings that make no sense',
      { REDIS_URL: 'nonsense', MINIO_ENDPOINT: '??', S3_BUCKET: '' },
    ],
  ])('%s', async (_what, env) => {
    const given = { ...settings, ...env };
    for (const kind of ['bucket', 'job', 'user'])
      expect(await askOnce([kind, ''], given)).toEqual([]);
  });

  it('of a file that is none, and of words that make no sense', async () => {
    expect(await askOnce(['entry', '', 'schedule', 'run', '--file', '/dev/zero'])).toEqual([]);
    expect(await askOnce(['backup', '/nowhere/', 'backup', 'show'])).toEqual([]);
    expect(await askOnce(['backup', 's3:///x', 'backup', 'show'])).toEqual([]);
    expect(await askOnce(['captured-bucket', '', 'restore'])).toEqual([]);
    expect(await askOnce(['job', '', 'jobs', 'show', '--queue'])).toEqual([]);
    expect(await askOnce(['nothing', ''])).toEqual([]);
    expect(await askOnce([])).toEqual([]);
  });

  it('of a server that never answers: it ends by itself', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const env = {
      ...settings,
      REDIS_URL: `redis://${address}`,
      MINIO_ENDPOINT: `http://${address}`,
    };
    const kinds = ['bucket', 'job', 'user'];
    const answers = await Promise.all(
      kinds.map((kind) => mangamotion(['__complete', kind, ''], { cwd: folder, env })),
    );
    expect(answers.map(namesIn)).toEqual([[], [], []]);
    silent.close();
  });
});

describe('every shell', () => {
  beforeEach(async () => {
    for (const id of HOSTILE) await queue().addJob(id, 'completed');
  });

  let terminals: ShellTerminal[];
  beforeAll(() => {
    terminals = SHELLS.map((shell) => new ShellTerminal(shell, folder, settings));
  });
  afterAll(async () => {
    await Promise.all(terminals.map((terminal) => terminal.close()));
  });

  /** Types the line into one shell. Resolves to what the shell has made of it. */
  const typeInto = async (shell: ShellTerminal, line: string) => {
    const completed = await shell.complete(line);
    expect(await readdir(folder)).not.toContain('pwned');
    return completed;
  };

  /**
   * Expects these arguments of every shell, of the last one also a pattern. A loaded machine makes names
   * late: then the line is typed again, into the shell that had none.
   */
  const expectArgs = async (line: string, args: readonly string[], last?: RegExp | string) => {
    const wanted = last === undefined ? args : [...args, expect.stringMatching(last) as string];
    await Promise.all(
      terminals.map(async (terminal, at) => {
        const made = async () => (await typeInto(terminal, line)).args;
        await expect.poll(made, { message: SHELLS[at] ?? '' }).toEqual(wanted);
      }),
    );
  };

  it.each([
    ['tw', 'two words'],
    ['it', `it's`],
    ['say', 'say "hello"'],
    ['"say', 'say "hello"'],
    [String.raw`\$\(`, '$(touch pwned)'],
    [`'$(`, '$(touch pwned)'],
    ['\\`', '`touch pwned`'],
    ['co:lo', 'co:lon:s'],
    ['eq=', 'eq=uals'],
    ['日', '日本 語'],
    ['wow', 'wow!!'],
    [String.raw`\<`, '<in>out|pipe'],
  ])('completes %s to %j', async (begun, whole) => {
    await expectArgs(`mangamotion jobs show ${begun}`, ['jobs', 'show', whole]);
  });

  it('completes paths and URLs', async () => {
    const url = `s3://${target}/deep/down`;
    const backups = ['backup', 'list'];
    await expectArgs(`mangamotion restore ${url}/m`, ['restore', `${url}/${backup}`]);
    await expectArgs(`mangamotion backup list s3://${target}/d`, [...backups, url]);
    const id = String.raw`minio_backup_full_\d+_\d+$`;
    const show = ['backup', 'show'];
    await expectArgs('mangamotion backup show my\\ backups/m', show, `^my backups/${id}`);
    await expectArgs(
      'mangamotion backup show ~/my\\ backups/m',
      show,
      `^${folder}/my backups/${id}`,
    );
    // zsh takes the slash away again when the line ends there.
    await expectArgs('mangamotion backup list my', backups, /^my backups\/?$/);
  });

  it('completes the value of an option, with the settings before it', async () => {
    await writeFile(join(folder, 'my settings.env'), 'DRY_RUN=false\n');
    await used.redis.hset('billing:user:alice smith', { bytes: '1' });
    const line = `mangamotion --env-file my\\ settings.env jobs list --user`;
    const expected = ['--env-file', 'my settings.env', 'jobs', 'list'];
    await expectArgs(`${line} al`, [...expected, '--user', 'alice smith']);
    await expectArgs(`${line}=al`, [...expected, '--user=alice smith']);
  });

  it('leaves the line as it is where there is no answer', async () => {
    await Promise.all(
      terminals.map(async (terminal, at) => {
        const line = 'mangamotion --config nowhere.json jobs show tw';
        const { args, screen } = await typeInto(terminal, line);
        expect({ shell: SHELLS[at], last: args.at(-1) }).toEqual({ shell: SHELLS[at], last: 'tw' });
        expect(screen).not.toMatch(/error|hint|not found/i);
      }),
    );
  });
});
