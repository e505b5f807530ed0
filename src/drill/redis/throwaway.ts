import { spawn } from 'node:child_process';
import { access, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { processEnvironment } from '../../config/environment.js';
import { EMPTY_REDIS_HINT } from '../../config/hints.js';
import { MangamotionError } from '../../errors.js';

/** A Redis on a socket that nobody else can reach, which keeps nothing on the disk. */
export interface ThrowawayRedis {
  socket: string;
  stop: () => Promise<void>;
}

/**
 * The shell waits for the end of its stdin, which comes when this process ends, in whatever way. It
 * then ends the server and removes the folder: nothing is left behind, even after kill -9.
 */
const SCRIPT = `
trap '' INT TERM HUP
redis-server --port 0 --unixsocket "$1/redis.sock" --unixsocketperm 700 --dir "$1" \\
  --save '' --appendonly no --maxmemory-policy noeviction --daemonize no >/dev/null 2>&1 </dev/null &
server=$!
cat >/dev/null
kill -9 $server 2>/dev/null
wait $server 2>/dev/null
rm -rf "$1"
`;

const START_MS = 10_000;
const POLL_MS = 20;

/** Starts it. Resolves to `undefined` if there is no redis-server on the PATH. */
export async function startThrowawayRedis(
  signal: AbortSignal,
): Promise<ThrowawayRedis | undefined> {
  if (!(await isOnPath('redis-server'))) return undefined;
  const folder = await mkdtemp(path.join(tmpdir(), 'mangamotion-drill-redis-'));
  const keeper = spawn('/bin/sh', ['-c', SCRIPT, 'sh', folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  const ended = new Promise<void>((resolve) => {
    keeper.once('close', () => resolve());
    keeper.once('error', () => resolve());
  });
  keeper.stdin.on('error', () => undefined);
  const stop = async (): Promise<void> => {
    keeper.stdin.end();
    await ended;
  };
  const socket = path.join(folder, 'redis.sock');
  const untilMs = performance.now() + START_MS;
  while (!(await exists(socket))) {
    if (signal.aborted || performance.now() > untilMs) {
      await stop();
      signal.throwIfAborted();
      throw new MangamotionError('unreachable', 'a redis-server for the drill did not start', {
        hint: EMPTY_REDIS_HINT,
      });
    }
    await delay(POLL_MS);
  }
  return { socket, stop };
}

async function isOnPath(command: string): Promise<boolean> {
  const folders = (processEnvironment().PATH ?? '')
    .split(path.delimiter)
    .filter((one) => one !== '');
  for (const folder of folders) if (await exists(path.join(folder, command))) return true;
  return false;
}

async function exists(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  );
}
