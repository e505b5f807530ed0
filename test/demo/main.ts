import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openMinioStore } from '../../src/object-store/s3/s3-store.js';
import type { ObjectStore } from '../../src/object-store/port.js';
import { endAtExitAlone, removeAtExit } from '../helpers/child-processes.js';
import { startRedisServer } from '../helpers/redis-server.js';
import { startOwnS3Server, type S3Server } from '../helpers/s3-server.js';
import { addressOf } from '../helpers/test-store.js';
import { runDaemon } from './daemon.js';
import { closeDashboard, lookAtPages, openDashboard } from './dashboard.js';
import { fillJobs } from './jobs.js';
import { compareStores, damage, fillStore, snapshot } from './store-content.js';
import { Interrupted, interruption, say, showCommand, start } from './terminal.js';

/**
 * `npm run demo`: a small MangaMotion on real servers, backed up, damaged and restored, with the
 * commands as a user would type them. Everything runs on loopback and is removed at the end, also
 * after Ctrl-C. `--keep`: the dashboard stays until Ctrl-C.
 */

const isKept = process.argv.includes('--keep');
const program = fileURLToPath(new URL('../../bin/mangamotion.js', import.meta.url));

interface Place {
  env: NodeJS.ProcessEnv;
  /** Where the commands are typed. */
  cwd: string;
}

/** Runs `mangamotion` on this terminal; ends the demo where it ends in another way than expected. */
async function mangamotion(place: Place, ...args: string[]): Promise<void> {
  await mangamotionEnds([0], place, args);
}

/** The same where other exit statuses are expected too. */
async function mangamotionEnds(
  expected: readonly (number | null)[],
  place: Place,
  args: readonly string[],
): Promise<void> {
  showCommand(`mangamotion ${args.join(' ')}`);
  const status = await start(process.execPath, [program, ...args], place).ended;
  if (!expected.includes(status))
    throw new Error(`mangamotion ${args.join(' ')} ended with ${String(status)}`);
}

function settings({ endpoint, accessKey, secretKey }: S3Server, redisUrl: string) {
  return {
    ...process.env,
    REDIS_URL: redisUrl,
    MINIO_ENDPOINT: endpoint,
    MINIO_ACCESS_KEY: accessKey,
    MINIO_SECRET_KEY: secretKey,
    JOB_RESULT_PATHS: 'processed/{job}/video.mp4',
    // The demo goes on by itself.
    PAGER: 'cat',
  };
}

async function show(store: ObjectStore, place: Place): Promise<void> {
  const run = (...args: string[]) => mangamotion(place, ...args);
  const heading = (text: string) => say(text, 'heading');

  heading('Is anything wrong? The store is empty, and this Redis saves nothing to its disk');
  await mangamotionEnds([3], place, ['doctor']);

  heading('1. A small MangaMotion: pages in `originals`, thumbnails and videos in `processed`');
  const filled = await fillStore(store);
  say(`${filled.objects} objects, ${(filled.bytes / 2 ** 20).toFixed(0)} MiB`);
  const endWorker = await fillJobs(place.env.REDIS_URL ?? '');
  const before = await snapshot(store);

  heading('2. Usage by user, and the state of the jobs');
  await run('billing', 'all-users', '--month', new Date().toISOString().slice(0, 7));
  await run('jobs', 'list', '--limit', '8');
  await run('jobs', 'download', '1007');
  await endWorker();

  heading('3. A full backup: one archive, one summary');
  await run('backup', 'full', 'backups');
  await run('backup', 'list', 'backups');

  heading('4. Verify reads every byte, and plain tar reads the archive');
  await run('backup', 'verify', 'backups', '--latest');
  await run('backup', 'ls', 'backups', '--latest', '--prefix', '1007/page-00');
  showCommand('tar -tzf backups/*.tar.gz | head -n 3');
  const [archive = ''] = readdirSync(join(place.cwd, 'backups')).filter((name) =>
    name.endsWith('.tar.gz'),
  );
  spawnSync('sh', ['-c', 'tar -tzf "$1" 2>/dev/null | head -n 3', 'sh', `backups/${archive}`], {
    stdio: 'inherit',
    cwd: place.cwd,
  });

  heading('5. A bad day: objects are deleted, others overwritten');
  const damaged = await damage(store);
  say(`${damaged.deleted} objects deleted, ${damaged.overwritten} overwritten with rubbish`);

  heading('6. What would a restore do? A plan that changes nothing');
  await run('restore', 'backups', '--latest', '--dry-run');

  heading('7. The restore, and the same once more: nothing is left to do');
  await run('restore', 'backups', '--latest', '--yes');
  await run('restore', 'backups', '--latest');

  heading('8. Is every object back?');
  const difference = compareStores(before, await snapshot(store));
  if (difference.length > 0) throw new Error(`not restored:\n${difference.join('\n')}`);
  say(`✓ all ${before.size} objects have the bytes, types and metadata that they had before`);

  heading('9. The same on a schedule: a crontab, and the daemon that runs it');
  await showSchedule(place);

  heading('10. Would it work on a bad day, and in time? A drill, beside the store');
  await run('drill', 'object', 'backups', '--state-dir', 'state');

  heading('11. The dashboard: all of this on pages, and as an HTTP API');
  const words = ['serve', '--backup', 'backups', '--state-dir', 'state'];
  const listen = ['--listen', '127.0.0.1:0'];
  showCommand(['mangamotion', ...words, ...listen].join(' '));
  const url = await openDashboard([program, ...words, ...listen], place);
  if (isKept) await keep(url);
  else await lookAtPages(url);
}

/** Until Ctrl-C. */
async function keep(url: string): Promise<never> {
  say(
    `The dashboard of this demo is at ${url} until Ctrl-C. Then everything is removed.`,
    'heading',
  );
  return await new Promise(() => undefined);
}

async function showSchedule(place: Place): Promise<void> {
  // Six fields: the first is seconds, so that nobody has to wait for the next hour.
  const line = '# name=often timeout=5m\n*/5 * * * * *  backup incremental backups\n';
  writeFileSync(join(place.cwd, 'mangamotion.crontab'), line);
  showCommand('cat mangamotion.crontab');
  console.log(line.trimEnd());
  await mangamotion(place, 'schedule', 'check');
  const words = ['schedule', '--state-dir', 'state'];
  showCommand(`mangamotion ${words.join(' ')}`);
  await runDaemon([program, ...words], { ...place, stateFolder: join(place.cwd, 'state') });
  await mangamotion(place, 'schedule', 'history', '--state-dir', 'state');
}

async function main(): Promise<void> {
  say(
    'Starting a Redis and an S3 server for the demo (loopback only, removed at the end)',
    'heading',
  );
  const redis = await startRedisServer();
  const server = await startOwnS3Server({ memoryBytes: 2 ** 30 });
  const cwd = mkdtempSync(join(tmpdir(), 'mangamotion-demo-'));
  const removeFolder = removeAtExit(cwd);
  mkdirSync(join(cwd, 'backups'));
  const { endpoint, accessKey, secretKey } = server;
  say(`S3 at ${endpoint}, Redis at ${redis.url}`);
  const store = openMinioStore({ ...addressOf(endpoint), accessKey, secretKey });
  try {
    await show(store, { env: settings(server, redis.url), cwd });
    const names = 'MINIO_ENDPOINT, MINIO_ACCESS_KEY and MINIO_SECRET_KEY';
    say(`Done. Point ${names} at your own store.`, 'heading');
  } finally {
    await closeDashboard();
    store.close();
    await server.stop();
    await redis.stop();
    removeFolder();
  }
}

endAtExitAlone();
try {
  await Promise.race([main(), interruption()]);
} catch (error) {
  if (!(error instanceof Interrupted)) throw error;
  say(`\n${error.message}; removing everything`);
  await closeDashboard();
  if (!isKept) process.exitCode = 130;
}
process.exit();
