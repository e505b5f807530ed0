import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openMinioStore } from '../../src/object-store/s3/s3-store.js';
import type { ObjectStore } from '../../src/object-store/port.js';
import { removeAtExit } from '../helpers/child-processes.js';
import { startRedisServer } from '../helpers/redis-server.js';
import { startOwnS3Server, type S3Server } from '../helpers/s3-server.js';
import { addressOf } from '../helpers/test-store.js';
import { runDaemon } from './daemon.js';
import { fillJobs } from './jobs.js';
import { compareStores, damage, fillStore, snapshot } from './store-content.js';

/**
 * `npm run demo`: a small MangaMotion on real servers, backed up, damaged and restored, with the
 * commands as a user would type them. Everything runs on loopback and is removed at the end.
 */

const program = fileURLToPath(new URL('../../bin/mangamotion.js', import.meta.url));

function say(text: string): void {
  console.log(`\n\u001b[1m${text}\u001b[0m`);
}

/** Runs `mangamotion` on this terminal; ends the demo where it ends in another way than expected. */
async function mangamotion(env: NodeJS.ProcessEnv, ...args: string[]): Promise<void> {
  console.log(`\n$ mangamotion ${args.join(' ')}`);
  const child = spawn(process.execPath, [program, ...args], { stdio: 'inherit', env });
  const [status] = (await once(child, 'exit')) as [number | null];
  if (status !== 0) throw new Error(`mangamotion ${args.join(' ')} ended with ${String(status)}`);
}

function settings({ endpoint, accessKey, secretKey }: S3Server, redisUrl: string) {
  return {
    ...process.env,
    REDIS_URL: redisUrl,
    MINIO_ENDPOINT: endpoint,
    MINIO_ACCESS_KEY: accessKey,
    MINIO_SECRET_KEY: secretKey,
    JOB_RESULT_PATHS: 'processed/{job}/video.mp4',
  };
}

async function show(store: ObjectStore, env: NodeJS.ProcessEnv, folder: string): Promise<void> {
  say('1. A small MangaMotion: pages in `originals`, thumbnails and videos in `processed`');
  const filled = await fillStore(store);
  console.log(`${filled.objects} objects, ${(filled.bytes / 2 ** 20).toFixed(0)} MiB`);
  const endWorker = await fillJobs(env.REDIS_URL ?? '');
  const before = await snapshot(store);

  say('2. Usage by user, and the state of the jobs');
  await mangamotion(env, 'billing', 'all-users', '--month', new Date().toISOString().slice(0, 7));
  await mangamotion(env, 'jobs', 'list', '--limit', '8');
  await mangamotion(env, 'jobs', 'download', '1007', '-o', `${folder}/`);
  await endWorker();

  say('3. A full backup: one archive, one summary');
  await mangamotion(env, 'backup', 'full', folder);
  const id =
    readdirSync(folder)
      .find((name) => name.endsWith('.json'))
      ?.slice(0, -5) ?? '';
  const backup = join(folder, id);
  await mangamotion(env, 'backup', 'list', folder);

  say('4. Verify reads every byte, and plain tar reads the archive');
  await mangamotion(env, 'backup', 'verify', backup);
  await mangamotion(env, 'backup', 'ls', backup, '--bucket', 'processed', '--prefix', '1007/');
  console.log(`\n$ tar -tzf ${id}.tar.gz | head -n 3`);
  spawnSync('sh', ['-c', 'tar -tzf "$1" 2>/dev/null | head -n 3', 'sh', `${backup}.tar.gz`], {
    stdio: 'inherit',
  });

  say('5. A bad day: objects are deleted, others overwritten');
  const damaged = await damage(store);
  console.log(
    `${damaged.deleted} objects deleted, ${damaged.overwritten} overwritten with rubbish`,
  );

  say('6. What would a restore do? A plan that changes nothing');
  await mangamotion(env, 'restore', backup, '--dry-run');

  say('7. The restore, and the same once more: nothing is left to do');
  await mangamotion(env, 'restore', backup, '--yes');
  await mangamotion(env, 'restore', backup);

  say('8. Is every object back?');
  const difference = compareStores(before, await snapshot(store));
  if (difference.length > 0) throw new Error(`not restored:\n${difference.join('\n')}`);
  console.log(
    `✓ all ${before.size} objects have the bytes, types and metadata that they had before`,
  );

  say('9. The same on a schedule: a crontab, and the daemon that runs it');
  await showSchedule(env, folder);
}

async function showSchedule(env: NodeJS.ProcessEnv, folder: string): Promise<void> {
  const home = join(folder, 'schedule');
  mkdirSync(home);
  const file = join(home, 'mangamotion.crontab');
  const stateFolder = join(home, 'state');
  // Six fields: the first is seconds, so that nobody has to wait for the next hour.
  const line = `# name=often timeout=5m\n*/5 * * * * *  backup incremental ${folder}\n`;
  writeFileSync(file, line);
  console.log(`\n$ cat ${file}\n${line.trimEnd()}`);
  await mangamotion(env, 'schedule', 'check', '--file', file);
  const words = ['schedule', '--file', file, '--state-dir', stateFolder];
  console.log(`\n$ mangamotion ${words.join(' ')}`);
  await runDaemon([program, ...words], { env, stateFolder });
  await mangamotion(env, 'schedule', 'history', '--state-dir', stateFolder);
}

async function main(): Promise<void> {
  say('Starting a Redis and an S3 server for the demo (loopback only, removed at the end)');
  const redis = await startRedisServer();
  const server = await startOwnS3Server({ memoryBytes: 2 ** 30 });
  const folder = mkdtempSync(join(tmpdir(), 'mangamotion-demo-'));
  const removeFolder = removeAtExit(folder);
  const { endpoint, accessKey, secretKey } = server;
  console.log(`S3 at ${endpoint}, Redis at ${redis.url}`);
  const store = openMinioStore({ ...addressOf(endpoint), accessKey, secretKey });
  try {
    await show(store, settings(server, redis.url), folder);
    say('Done. Point MINIO_ENDPOINT, MINIO_ACCESS_KEY and MINIO_SECRET_KEY at your own store.');
  } finally {
    store.close();
    await server.stop();
    await redis.stop();
    removeFolder();
  }
}

await main();
