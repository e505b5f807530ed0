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
import { startTlsFront } from './tls-front.js';

export interface RedisServer {
  /** `redis://127.0.0.1:port`, with the password; `rediss:` with TLS, `unix:` with a socket. */
  url: string;
  /** Of loopback, where it always listens too. */
  port: number;
  stop: () => Promise<void>;
}

export interface RedisServerOptions {
  /** More arguments of redis-server, such as `['--maxmemory', '2mb']`. */
  args?: string[];
  /** A free one where absent: that of a server which was stopped, to bring it back empty. */
  port?: number;
  password?: string;
  /** `url` is then that of a socket, or of TLS with the certificate in test/helpers/tls. */
  through?: 'socket' | 'tls';
}

/** An empty Redis on loopback, which keeps nothing on disk. */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const command = findCommand('redis-server');
  if (command === undefined) throw new Error(`no redis-server for the tests. ${installHint()}`);
  const folder = mkdtempSync(join(tmpdir(), 'mangamotion-redis-'));
  const removeFolder = removeAtExit(folder);
  const port = options.port ?? (await freePort());
  const socket = join(folder, 'redis.sock');
  const { args = [], password, through } = options;
  const server = startServer(
    command,
    [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
      ...['--save', '', '--appendonly', 'no'],
      ...(through === 'socket' ? ['--unixsocket', socket] : []),
      ...(password === undefined ? [] : ['--requirepass', password]),
      ...args,
    ],
    { logFile: join(folder, 'redis.log') },
  );
  const plain = `redis://127.0.0.1:${port}`;
  const front = through === 'tls' ? await startTlsFront(plain, 'loopback') : undefined;
  const stop = async (): Promise<void> => {
    await front?.close();
    await stopServer(server);
    removeFolder();
  };
  try {
    await waitUntil('redis-server', [server], () => accepts(port), 10_000);
  } catch (error) {
    await stop();
    throw error;
  }
  const login = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
  const { host } = new URL(front?.endpoint ?? plain);
  const scheme = front === undefined ? 'redis' : 'rediss';
  const url = through === 'socket' ? `unix://${login}${socket}` : `${scheme}://${login}${host}`;
  return { url, port, stop };
}
