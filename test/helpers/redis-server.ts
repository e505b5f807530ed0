import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  accepts,
  findCommand,
  freePort,
  removeAtExit,
  startServer,
  stopServer,
  waitUntil,
} from './child-processes.js';
import { installHint } from './install-hint.js';

export interface RedisServer {
  /** `redis://127.0.0.1:port`. */
  url: string;
  stop: () => Promise<void>;
}

/**
 * An empty Redis on a free port, which keeps nothing on disk. `settings` come last on its command
 * line, so that they win.
 */
export async function startRedisServer(settings: readonly string[] = []): Promise<RedisServer> {
  const command = findCommand('redis-server');
  if (command === undefined) throw new Error(`no redis-server for the tests. ${installHint()}`);
  const folder = mkdtempSync(join(tmpdir(), 'mangamotion-redis-'));
  const removeFolder = removeAtExit(folder);
  const port = await freePort();
  const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
  const server = startServer(command, [...place, '--save', '', '--appendonly', 'no', ...settings], {
    logFile: join(folder, 'redis.log'),
  });
  const stop = async (): Promise<void> => {
    await stopServer(server);
    removeFolder();
  };
  try {
    await waitUntil('redis-server', [server], () => accepts(port), 10_000);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `redis://127.0.0.1:${port}`, stop };
}
