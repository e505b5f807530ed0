import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { list } from 'tar';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { SECRET_KEY_FILES } from '../../../src/config/store-files.js';
import { PROXY_VARIABLES, SECRET_VARIABLES } from '../../../src/config/variables.js';
import { appendHistory } from '../../../src/schedule/state/history.js';
import { ownFolderOf } from '../../../src/schedule/state/own-folder.js';
import { Deployment } from '../../helpers/deployment.js';
import { runRecord } from '../../helpers/run-records.js';

let d: Deployment;
beforeAll(async () => {
  d = await Deployment.start();
});
beforeEach(() => d.heal());
afterAll(() => d.stop());

/** Has what encoding changes: quotes, slashes, a percent sign, letters beyond ASCII. */
const planted = (name: string): string => `pl@nted/"${name}"\\%ü-word`;
const NETWORK = 'http://proxy-user:proxy-pl%40nted-word@127.0.0.1:9';

/** A value for each setting that is a secret. */
function valueOf(name: string): string {
  if (name === 'REDIS_URL') return 'redis://meter:redis%2Fpl%40nted-word@127.0.0.1:1';
  if (name === 'PING_URL')
    return 'https://ping.example.com/0f8fad5b-d9cb-469f-a165/mangamotion-{name}';
  return planted(name);
}

/** What must be nowhere: each secret as it is, encoded, and the parts of URLs that are one. */
function needlesOf(env: Readonly<Record<string, string>>): string[] {
  const files = SECRET_KEY_FILES.map(({ file }) => file);
  const isUrl = (name: string) => name === 'REDIS_URL' || name === 'PING_URL';
  const values = [
    ...SECRET_VARIABLES.filter((name) => !isUrl(name)).flatMap((name) => env[name] ?? []),
    ...files.filter((file) => env[file] !== undefined).map(planted),
  ].filter((value) => value !== '');
  const encoded = values.flatMap((value) => [
    value,
    encodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
    Buffer.from(value).toString('base64'),
  ]);
  return [
    ...encoded,
    ...['redis/pl@nted-word', 'redis%2Fpl%40nted-word', '0f8fad5b-d9cb-469f-a165'],
    ...['proxy-pl@nted-word', 'proxy-pl%40nted-word'],
  ];
}

/** What hooks have in their command lines is no setting: it is known by its form. */
const OF_HOOKS = [
  ['Authorization: Bearer hook-pl@nted-word', 'hook-pl@nted-word'],
  ['https://hook:url-planted-word@hooks.example.com/', 'url-planted-word'],
] as const;

async function filesIn(file: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  await list({
    file,
    onReadEntry: (entry) => {
      const chunks: Buffer[] = [];
      entry.on('data', (chunk: Buffer) => chunks.push(chunk));
      entry.on('end', () => found.set(entry.path, Buffer.concat(chunks).toString()));
    },
  });
  return found;
}

it('holds checks, settings, versions, history and logs, for its owner alone', async () => {
  const folder = ownFolderOf(d.path('state'));
  mkdirSync(join(folder, 'logs'));
  writeFileSync(join(folder, 'logs', 'daily.log'), 'line of a log\n');
  await appendHistory(folder, [runRecord({ log_file: 'schedule-state/logs/daily.log' })]);
  const { exitCode, stderr } = await d.doctor({}, '--bundle', 'ok.tar.gz');
  expect(exitCode).toBe(0);
  expect(stderr).toContain('ok.tar.gz');
  expect(statSync(d.path('ok.tar.gz')).mode & 0o777).toBe(0o600);
  const files = await filesIn(d.path('ok.tar.gz'));
  expect([...files.keys()].map((name) => name.replace('mangamotion-doctor/', ''))).toEqual([
    ...['doctor.json', 'settings.json', 'versions.json', 'history.ndjson', 'logs/01-daily.log'],
  ]);
  expect(files.get('mangamotion-doctor/logs/01-daily.log')).toBe('line of a log\n');
  expect(JSON.parse(files.get('mangamotion-doctor/doctor.json') ?? '')).toMatchObject({
    status: 'ok',
  });
  expect(JSON.parse(files.get('mangamotion-doctor/versions.json') ?? '')).toMatchObject({
    bullmq: 'bullmq:5.12.0',
    node: process.version,
  });
});

it('has none of the secrets there are, wherever they were planted', async () => {
  const env: Record<string, string> = {};
  for (const name of SECRET_VARIABLES) env[name] = valueOf(name);
  for (const name of PROXY_VARIABLES) env[name] = NETWORK;
  // Of each pair one is set by a file: the other run has the values themselves.
  const byFile = { ...env };
  for (const { key, file } of SECRET_KEY_FILES) {
    writeFileSync(d.path(file), `${planted(file)}\n`, { mode: 0o600 });
    byFile[file] = d.path(file);
    byFile[key] = '';
  }
  const folder = ownFolderOf(d.path('state'));
  mkdirSync(join(folder, 'logs'));
  for (const [at, settings] of [env, byFile].entries()) {
    const secrets = needlesOf(settings);
    const everything = [
      ...secrets,
      ...Object.values(env).filter((value) => value.includes('://')),
      'https://ping.example.com/0f8fad5b-d9cb-469f-a165/mangamotion-daily',
      ...OF_HOOKS.map(([text]) => text),
    ];
    const logged = everything.map((text) => `${JSON.stringify({ text })}\n${text}\n`).join('');
    writeFileSync(join(folder, 'logs', `daily-${at}.log`), logged);
    const log_file = `schedule-state/logs/daily-${at}.log`;
    const record = runRecord({ exit_code: 1, reason: everything.join(' '), log_file });
    rmSync(join(folder, 'history.ndjson'), { force: true });
    await appendHistory(folder, [record]);
    const file = d.path(`secret-${at}.tar.gz`);
    const { stdout, stderr } = await d.doctor({ env: settings }, '--bundle', file, '--json');
    const content = gunzipSync(readFileSync(file)).toString();
    expect(content).toContain('[redacted]');
    for (const secret of [...secrets, ...OF_HOOKS.map(([, word]) => word)]) {
      const isThere = content.includes(secret);
      expect({ at, secret, isThere }).toEqual({ at, secret, isThere: false });
      expect(stdout + stderr).not.toContain(secret);
    }
  }
});

it('is never written over something, and leaves nothing behind', async () => {
  writeFileSync(d.path('there.tar.gz'), 'mine');
  const { exitCode, stderr } = await d.doctor({}, '--bundle', 'there.tar.gz');
  expect(exitCode).toBe(8);
  expect(stderr).toContain('already exists');
  expect(readFileSync(d.path('there.tar.gz'), 'utf8')).toBe('mine');
  // A run that was killed has left a draft, open to all.
  writeFileSync(d.path('again.tar.gz.partial'), 'half');
  chmodSync(d.path('again.tar.gz.partial'), 0o666);
  await d.doctor({}, '--bundle', 'again.tar.gz');
  expect(statSync(d.path('again.tar.gz')).mode & 0o777).toBe(0o600);
  expect(existsSync(d.path('again.tar.gz.partial'))).toBe(false);
});
