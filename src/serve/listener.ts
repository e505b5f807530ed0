import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Headers of a request, and the time that they may take: a slow client holds a connection no longer. */
const LIMITS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 5_000,
};

/** A client that has not begun its first request until then is cut off, before TLS too. */
const HANDSHAKE_MS = 10_000;
/** Longer than any request waits for a server behind this one. */
const LONGEST_STALL_MS = 120_000;

export interface ListenerOptions {
  host: string | undefined;
  port: number;
  /** Certificate chain and key in PEM; plain HTTP without. */
  tls: { cert: string; key: string } | undefined;
  maxClients: number;
  /** A connection on which nothing moves for so long is cut: the client does not read. For tests. */
  stallMs?: number;
}

export interface Listener {
  /** The port of the address, or the free one that was chosen for port 0. */
  port: number;
  /** Takes no more connections, and resolves when the others have ended, or after the grace. */
  close(graceMs: number): Promise<void>;
}

/** Rejects with the error of the system if it cannot listen. */
export async function listen(
  { host, port, tls, maxClients, stallMs = LONGEST_STALL_MS }: ListenerOptions,
  onRequest: RequestListener,
): Promise<Listener> {
  const answering = new WeakSet<Duplex>();
  const onEachRequest: RequestListener = (request, response) => {
    const { socket } = request;
    answering.add(socket);
    response.once('close', () => answering.delete(socket));
    onRequest(request, response);
  };
  const server: Server =
    tls === undefined
      ? createHttpServer(LIMITS, onEachRequest)
      : createHttpsServer(
          { ...LIMITS, ...tls, handshakeTimeout: HANDSHAKE_MS, minVersion: 'TLSv1.2' },
          onEachRequest,
        );
  const refused = new WeakSet<Duplex>();
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // Each piece that still comes is an error, too.
    if (refused.has(socket)) return;
    refused.add(socket);
    if (socket.writable && !answering.has(socket)) refuse(socket, error.code);
    else socket.destroy();
  });
  server.maxConnections = maxClients;
  server.setTimeout(stallMs);
  // The server knows no connection that has not come through the handshake of TLS.
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(port, host);
  await once(server, 'listening');
  // A connection that cannot be accepted, for example for lack of descriptors, must not end the server.
  server.on('error', () => undefined);
  return {
    port: (server.address() as AddressInfo).port,
    close: async (graceMs) => {
      const closed = once(server, 'close');
      const timer = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, graceMs);
      server.close();
      server.closeIdleConnections();
      await closed;
      clearTimeout(timer);
    },
  };
}

/** The statuses that Node.js answers with by itself; for anything else, 400. */
const STATUS_LINES: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};
/** How long what a client still sends is read, and dropped. */
const LINGER_MS = 1000;

/**
 * Answers what is no request. Node.js would close the connection at once: what is under way is then answered
 * with a reset, and a client that sends all before it reads never sees why.
 */
function refuse(socket: Duplex, code = ''): void {
  const statusLine = STATUS_LINES[code] ?? '400 Bad Request';
  socket.end(`HTTP/1.1 ${statusLine}\r\nConnection: close\r\n\r\n`);
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
}
