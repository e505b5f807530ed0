import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { ListenAddress } from './listen.js';
import { cannotListen } from './listen-error.js';

/** The answer to a probe; the reason is for people. */
export interface Health {
  ok: boolean;
  reason?: string | undefined;
}

/** Answers the probes. */
export interface ProbeSource {
  /** Resolves to the metrics in the text format of Prometheus. */
  metrics(): Promise<string>;
  /** Returns whether the process works at all. */
  health(): Health;
  /** Returns whether it can do its work, such as running what is due. */
  ready(): Health;
}

export interface Endpoint {
  /** The port of the address, or the free one that was chosen for port 0. */
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

type Page = (probes: ProbeSource) => Answer | Promise<Answer>;

const PLAIN = 'text/plain; charset=utf-8';
const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8';
const METHODS = new Set(['GET', 'HEAD']);

/** A scrape or a probe takes milliseconds; a slower client only holds a connection. */
const HEADERS_MS = 5000;
const REQUEST_MS = 10_000;
const IDLE_MS = 30_000;
const MOST_CONNECTIONS = 64;
/** How long answers may take when the daemon ends. */
const GRACE_MS = 500;

const PAGES: ReadonlyMap<string, Page> = new Map<string, Page>([
  ['/healthz', (probes) => healthAnswer(probes.health())],
  ['/readyz', (probes) => healthAnswer(probes.ready())],
  ['/metrics', async (probes) => ({ status: 200, text: await probes.metrics(), type: PROMETHEUS })],
  ['/', () => ({ status: 200, text: 'mangamotion: /healthz /readyz /metrics\n' })],
]);

/** Serves the metrics and the probes. Rejects with `usage` if it cannot listen at the address. */
export async function openEndpoint(address: ListenAddress, probes: ProbeSource): Promise<Endpoint> {
  const server = createServer(
    {
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      keepAliveTimeout: HEADERS_MS,
      connectionsCheckingInterval: HEADERS_MS,
    },
    (request, response) => void respond(probes, request, response),
  );
  // This also ends a client that does not read its answer.
  server.timeout = IDLE_MS;
  dropIdleBeyond(server, MOST_CONNECTIONS);
  try {
    server.listen(address.port, address.host);
    await once(server, 'listening');
  } catch (error) {
    throw cannotListen(address, error);
  }
  // A connection that cannot be accepted, for example for lack of descriptors, must not end the daemon.
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

/**
 * Ends the connection that has waited longest for its request, or for another one, where there are too
 * many: connections that ask for nothing must not keep probes out.
 */
function dropIdleBeyond(server: Server, most: number): void {
  const all = new Set<Socket>();
  const idle = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    all.add(socket);
    idle.add(socket);
    socket.once('close', () => {
      all.delete(socket);
      idle.delete(socket);
    });
    if (all.size <= most) return;
    const [oldest] = idle;
    oldest?.destroy();
    if (oldest !== undefined) all.delete(oldest);
  });
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    idle.delete(socket);
    response.once('close', () => {
      if (!socket.destroyed) idle.add(socket);
    });
  });
}

async function respond(
  probes: ProbeSource,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status, text, type = PLAIN, headers } = await answerTo(probes, request);
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
  probes: ProbeSource,
  { url = '', method = '' }: IncomingMessage,
): Promise<Answer> {
  // A proxy may send the whole URL.
  const [, path = ''] = /^(?:https?:\/\/[^/?#]*)?([^?#]*)/i.exec(url) ?? [];
  const page = PAGES.get(path === '' ? '/' : path);
  // The body of such a request is not read.
  const rest = METHODS.has(method) ? {} : { headers: { connection: 'close' } };
  if (page === undefined) return { status: 404, text: 'not found\n', ...rest };
  if (!METHODS.has(method)) {
    const headers = { ...rest.headers, allow: [...METHODS].join(', ') };
    return { status: 405, text: 'method not allowed\n', headers };
  }
  try {
    return await page(probes);
  } catch {
    return { status: 500, text: 'this could not be determined\n' };
  }
}

function healthAnswer({ ok, reason }: Health): Answer {
  return ok ? { status: 200, text: 'ok\n' } : { status: 503, text: `${reason ?? 'not ok'}\n` };
}
