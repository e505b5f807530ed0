import { EventEmitter } from 'node:events';
import http from 'node:http';
import { Readable, Writable } from 'node:stream';
import { afterEach } from 'vitest';
import { catalog } from '../../src/cli/catalog.js';
import { main } from '../../src/cli/program.js';

/** `mangamotion serve` in this process, on a free port of loopback. */

export interface ServeLogLine {
  level: string;
  message: string;
  [field: string]: unknown;
}

class Signals extends EventEmitter {
  exit(status: number): void {
    throw new Error(`the program wants to end this process with ${status}`);
  }
}

export class TestServer {
  readonly #signals = new Signals();
  #stdout = '';
  stderr = '';
  #onLine: () => void = () => undefined;
  #ended: Promise<number> = Promise.resolve(0);
  #exitCode: number | undefined;
  port = 0;

  get lines(): ServeLogLine[] {
    const whole = this.#stdout.slice(0, this.#stdout.lastIndexOf('\n') + 1);
    return whole
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as ServeLogLine);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Resolves when it listens. Rejects with what it printed if it ends first. */
  async start(
    args: readonly string[],
    env: Record<string, string>,
    now = () => new Date(),
  ): Promise<void> {
    const sink = (write: (text: string) => void) =>
      new Writable({
        write(chunk: Buffer, _encoding, done) {
          write(chunk.toString('utf8'));
          done();
        },
      });
    const stdout = sink((text) => {
      this.#stdout += text;
      this.#onLine();
    });
    const stderr = sink((text) => (this.stderr += text));
    const signals = this.#signals;
    const host = { stdin: Readable.from([]), stdout, stderr, signals, env, cwd: process.cwd() };
    const listen = args.includes('--listen') ? [] : ['--listen', '127.0.0.1:0'];
    this.#ended = main(['serve', ...listen, ...args], { ...host, now }, catalog);
    const listening = new Promise<void>((resolve) => {
      this.#onLine = () => {
        const line = this.lines.find(({ message }) => message === 'the server listens');
        if (line === undefined) return;
        this.port = Number(line.port);
        resolve();
      };
    });
    const code = await Promise.race([listening, this.#ended]);
    if (typeof code === 'number') {
      this.#exitCode = code;
      throw new Error(`serve ended with ${code}: ${this.stderr}`);
    }
  }

  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  /** SIGTERM; resolves to the exit status. */
  async stop(): Promise<number> {
    this.#signals.emit('SIGTERM');
    return await this.#ended;
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<ServeAnswer> {
    return await this.request('GET', path, { headers });
  }

  /** With any header, also those that fetch forbids. */
  request(
    method: string,
    path: string,
    { headers = {}, body }: { headers?: Record<string, string>; body?: string } = {},
  ): Promise<ServeAnswer> {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: this.port, method, path, headers, agent: false };
      const request = http.request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
        response.on('error', reject);
      });
      request.on('error', reject);
      request.end(body);
    });
  }
}

export interface ServeAnswer {
  status: number;
  headers: http.IncomingHttpHeaders;
  text: string;
}

export function documentOf({ text }: ServeAnswer): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>;
}

/** Starts servers that end with the test. */
export function useServers(): (
  args?: readonly string[],
  env?: Record<string, string>,
  now?: () => Date,
) => Promise<TestServer> {
  const running: TestServer[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((server) => server.stop()));
  });
  return async (args = [], env = {}, now = () => new Date()) => {
    const server = new TestServer();
    await server.start(args, env, now);
    running.push(server);
    return server;
  };
}
