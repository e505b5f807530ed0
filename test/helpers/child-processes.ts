import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, closeSync, constants, openSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { connect, createServer } from 'node:net';

/** Servers that tests start: ended with the process that started them, whatever ends it. */

const running = new Set<ChildProcess>();
const folders = new Set<string>();
let watching = false;

export interface Server {
  process: ChildProcess;
  /** What it wrote to stdout and stderr, for the message when it fails. */
  log: () => string;
}

/** Starts a server as a child. Its output goes to `logFile`. */
export function startServer(
  command: string,
  args: string[],
  options: { logFile: string; env?: NodeJS.ProcessEnv; cwd?: string },
): Server {
  endWithThisProcess();
  const output = openSync(options.logFile, 'a');
  const env = { ...process.env, ...options.env };
  const { cwd } = options;
  const child = spawn(command, args, { stdio: ['ignore', output, output], env, cwd });
  closeSync(output);
  running.add(child);
  child.once('exit', () => running.delete(child));
  // Reported by `waitUntil`, which looks at the log and the exit code.
  child.once('error', () => running.delete(child));
  return { process: child, log: () => readFileSync(options.logFile, 'utf8') };
}

/** False once it has ended, whatever ended it. */
export function isRunning({ process: child }: Server): boolean {
  return running.has(child);
}

/** Ends a server by its id: SIGTERM, and SIGKILL where that is not enough. */
export async function stopServer(server: Server, graceMs = 3000): Promise<void> {
  if (!isRunning(server)) return;
  const { process: child } = server;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await exited;
  clearTimeout(timer);
}

/** Removes the folder now, or when this process ends. */
export function removeAtExit(folder: string): () => void {
  endWithThisProcess();
  folders.add(folder);
  return () => {
    folders.delete(folder);
    rmSync(folder, { recursive: true, force: true });
  };
}

/** Resolves when `isReady` does so with true; rejects when the server has ended, or time is up. */
export async function waitUntil(
  what: string,
  servers: Server[],
  isReady: () => Promise<boolean>,
  timeoutMs = 60_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await isReady())) {
    const ended = servers.find((server) => !isRunning(server));
    if (ended !== undefined) {
      const { spawnfile, exitCode, signalCode } = ended.process;
      const how = `${spawnfile} ended with ${String(signalCode ?? exitCode)}`;
      throw new Error(`${what} does not start: ${how}\n${tail(ended)}`);
    }
    if (Date.now() > deadline) {
      throw new Error(
        `${what} is not ready after ${timeoutMs} ms:\n${servers.map(tail).join('\n')}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function tail(server: Server): string {
  return server.log().split('\n').slice(-20).join('\n');
}

/**
 * A port of loopback that nobody uses. Below those that the kernel gives to connections: a server
 * takes a while to bind it, and must not find it gone.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 18_000);
    if (await canListen(port)) return port;
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** True where something accepts connections on that port of loopback. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** The full path of a command, or `undefined` where it is not on the PATH. */
export function findCommand(name: string): string | undefined {
  // Debian keeps servers where the PATH of a user does not look.
  const places = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return places.map((place) => join(place, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * For a program that ends by itself on a signal, after its other children: servers and folders then go
 * when it exits.
 */
export function endAtExitAlone(): void {
  watching = true;
  process.once('exit', endAll);
}

function endWithThisProcess(): void {
  if (watching) return;
  endAtExitAlone();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      endAll();
      process.kill(process.pid, signal);
    });
  }
}

function endAll(): void {
  for (const child of running) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}
