import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  accepts,
  findCommand,
  freePort,
  isRunning,
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
  /** With SIGKILL; what it has in its folder stays. */
  kill: () => Promise<void>;
  /** Starts it again after `kill`, on the same port and in the same folder; nothing where it runs. */
  revive: () => Promise<void>;
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
  const words = [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
    ...['--save', '', '--appendonly', 'no'],
    ...(through === 'socket' ? ['--unixsocket', socket] : []),
    ...(password === undefined ? [] : ['--requirepass', password]),
    ...args,
  ];
  const start = () => startServer(command, words, { logFile: join(folder, 'redis.log') });
  let server = start();
  const plain = `redis://127.0.0.1:${port}`;
  const front = through === 'tls' ? await startTlsFront(plain, 'loopback') : undefined;
  const stop = async (): Promise<void> => {
    await front?.close();
    await stopServer(server);
    removeFolder();
  };
  const ready = () => waitUntil('redis-server', [server], () => accepts(port), 10_000);
  const kill = async (): Promise<void> => {
    const exited = once(server.process, 'exit');
    server.process.kill('SIGKILL');
    await exited;
  };
  const revive = async (): Promise<void> => {
    if (isRunning(server)) return;
    server = start();
    await ready();
  };
  try {
    await ready();
  } catch (error) {
    await stop();
    throw error;
  }
  const login = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
  const { host } = new URL(front?.endpoint ?? plain);
  const scheme = front === undefined ? 'redis' : 'rediss';
  const url = through === 'socket' ? `unix://${login}${socket}` : `${scheme}://${login}${host}`;
  return { url, port, kill, revive, stop };
}
