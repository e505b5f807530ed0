import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MangamotionError } from '../../errors.js';
import { errnoOf } from '../../files/errors.js';
import type { ListenAddress } from './listen.js';
import { listenText } from './listen.js';

/** What a probe is told; the reason is for people. */
interface Health {
  ok: boolean;
  reason?: string | undefined;
}

export interface EndpointOptions extends ListenAddress {
  /** In the text format of Prometheus. */
  metrics: () => Promise<string>;
  /** Whether the daemon works at all, and whether it does what it is there for. */
  health: () => Health;
  ready: () => Health;
}

export interface Endpoint {
  /** The one that was asked for, or that was free. */
  port: number;
  /** Resolves within a second, whatever the clients do. */
  close: () => Promise<void>;
}

interface Answer {
  status: number;
  text: string;
  type?: string;
  headers?: Record<string, string>;
}

type Page = (options: EndpointOptions) => Answer | Promise<Answer>;

const PLAIN = 'text/plain; charset=utf-8';
const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8';
const METHODS = new Set(['GET', 'HEAD']);

/** A scrape or a probe takes milliseconds; who is slower only holds a connection. */
const HEADERS_MS = 5000;
const REQUEST_MS = 10_000;
const IDLE_MS = 30_000;
const MOST_CONNECTIONS = 64;
/** For answers that are under way when the daemon ends. */
const GRACE_MS = 500;

const PAGES: ReadonlyMap<string, Page> = new Map<string, Page>([
  ['/healthz', ({ health }) => healthAnswer(health())],
  ['/readyz', ({ ready }) => healthAnswer(ready())],
  ['/metrics', async ({ metrics }) => ({ status: 200, text: await metrics(), type: PROMETHEUS })],
  ['/', () => ({ status: 200, text: 'mangamotion schedule: /healthz /readyz /metrics\n' })],
]);

/** Serves the metrics and the probes. Rejects with `usage` where it cannot listen there. */
export async function openEndpoint(options: EndpointOptions): Promise<Endpoint> {
  const server = createServer(
    {
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      keepAliveTimeout: HEADERS_MS,
      connectionsCheckingInterval: HEADERS_MS,
    },
    (request, response) => void respond(options, request, response),
  );
  // For a client that does not read its answer either.
  server.timeout = IDLE_MS;
  server.maxConnections = MOST_CONNECTIONS;
  try {
    server.listen(options.port, options.host);
    await once(server, 'listening');
  } catch (error) {
    throw cannotListen(options, error);
  }
  // A connection that could not be taken, for want of descriptors say, is no reason to end the daemon.
  server.on('error', () => undefined);
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const timer = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    const closed = once(server, 'close');
    server.close();
    server.closeIdleConnections();
    await closed;
    clearTimeout(timer);
  };
  return {
    port: (server.address() as AddressInfo).port,
    close: () => (closing ??= close()),
  };
}

async function respond(
  options: EndpointOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status, text, type = PLAIN, headers } = await answerTo(options, request);
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : text);
}

async function answerTo(
  options: EndpointOptions,
  { url = '', method = '' }: IncomingMessage,
): Promise<Answer> {
  // A proxy may send the whole URL.
  const [, path = ''] = /^(?:https?:\/\/[^/?#]*)?([^?#]*)/i.exec(url) ?? [];
  const page = PAGES.get(path === '' ? '/' : path);
  // Who sends a body to it, of whatever length, is not listened to.
  const rest = METHODS.has(method) ? {} : { headers: { connection: 'close' } };
  if (page === undefined) return { status: 404, text: 'not found\n', ...rest };
  if (!METHODS.has(method)) {
    const headers = { ...rest.headers, allow: [...METHODS].join(', ') };
    return { status: 405, text: 'method not allowed\n', headers };
  }
  try {
    return await page(options);
  } catch {
    return { status: 500, text: 'this could not be found out\n' };
  }
}

function healthAnswer({ ok, reason }: Health): Answer {
  return ok ? { status: 200, text: 'ok\n' } : { status: 503, text: `${reason ?? 'not ok'}\n` };
}

function cannotListen(address: ListenAddress, error: unknown): MangamotionError {
  const { why, hint } = reasonOf(error);
  const message = `cannot listen on ${listenText(address)}: ${why}`;
  return new MangamotionError('usage', message, { hint, cause: error });
}

function reasonOf(error: unknown): { why: string; hint: string } {
  switch (errnoOf(error) ?? '') {
    case 'EADDRINUSE':
      return {
        why: 'something listens there already',
        hint: 'name another port, or end what has this one: `ss -ltnp` shows it',
      };
    case 'EACCES':
      return { why: 'permission denied', hint: 'name a port from 1024 on' };
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return {
        why: 'this machine has no such address',
        hint: 'name one that it has, or only a port behind a colon for all of them',
      };
    default:
      return {
        why: error instanceof Error ? error.message : String(error),
        hint: 'name another address',
      };
  }
}
