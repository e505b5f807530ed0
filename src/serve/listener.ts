import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { Server as NetServer, Socket, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { Connections, type Deadlines } from './connections.js';
import type { RequestFailure } from './failure.js';
import { noTunnel, tooLate, unreadableFailure } from './unreadable.js';

const LIMITS = {
  maxHeaderSize: 16 * 1024,
  keepAliveTimeout: 5_000,
  // `Connections` has timers of its own, and wakes up no idle server.
  ...{ headersTimeout: 0, requestTimeout: 0, connectionsCheckingInterval: 2 ** 31 - 1 },
  // The app answers a request without the header: Node.js would, without words and unseen by the log.
  requireHostHeader: false,
};

/** A slow client holds a connection no longer. The first is more than `keepAliveTimeout`. */
const DEADLINES: Deadlines = { headersMs: 15_000, bodyMs: 30_000 };
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
  /** For tests. */
  deadlines?: Deadlines;
}

/** Who answers. */
export interface Answering {
  onRequest: RequestListener;
  /** Returns the answer to what never became a request, as it is sent; `reason` is for the log. */
  refuse: (failure: RequestFailure, about: { remoteAddress: string; reason: string }) => string;
}

export interface Listener {
  /** The port of the address, or the free one that was chosen for port 0. */
  port: number;
  /**
   * Takes no more connections, and resolves when the others have ended. Those that are left after the grace
   * are cut: resolves to how many these were.
   */
  close: (graceMs: number) => Promise<number>;
}

/** Rejects with the error of the system if it cannot listen. */
export async function listen(
  options: ListenerOptions,
  { onRequest, refuse }: Answering,
): Promise<Listener> {
  const { host, port, tls, maxClients } = options;
  const { stallMs = LONGEST_STALL_MS, deadlines = DEADLINES } = options;
  const connections = new Connections(deadlines, (socket) => {
    const canAnswer =
      socket.writable && connections.isFree(socket) && !connections.isSilent(socket);
    if (canAnswer) refuseOn(socket, tooLate(), 'timeout');
    else socket.destroy();
  });
  const onEachRequest: RequestListener = (request, response) => {
    if (connections.asked(request, response)) onRequest(request, response);
  };
  const server: Server =
    tls === undefined
      ? createHttpServer(LIMITS, onEachRequest)
      : createHttpsServer(
          { ...LIMITS, ...tls, handshakeTimeout: HANDSHAKE_MS, minVersion: 'TLSv1.2' },
          onEachRequest,
        );
  // The app refuses what it does not know.
  server.on('checkExpectation', onEachRequest);
  const refuseOn = (socket: Duplex, failure: RequestFailure, reason: string): void => {
    const remoteAddress = (socket instanceof Socket ? socket.remoteAddress : undefined) ?? '';
    endWith(socket, refuse(failure, { remoteAddress, reason }));
  };
  const refused = new WeakSet<Duplex>();
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // Each piece that still comes is an error, too.
    if (refused.has(socket)) return;
    refused.add(socket);
    const { code = '' } = error;
    const failure = unreadableFailure(code);
    const isFree = socket instanceof Socket && connections.isFree(socket);
    if (failure !== undefined && socket.writable && isFree) refuseOn(socket, failure, code);
    else socket.destroy();
  });
  server.on('connect', (_request, socket) => {
    // Nobody else hears of its errors any more.
    socket.on('error', () => socket.destroy());
    refuseOn(socket, noTunnel(), 'CONNECT');
  });
  server.maxConnections = maxClients;
  server.setTimeout(stallMs);
  server.on('connection', (socket: Socket) => {
    connections.accepted(socket);
    if (tls === undefined) connections.opened(socket);
  });
  server.on('secureConnection', (socket: Socket) => connections.opened(socket));
  server.listen(port, host);
  await once(server, 'listening');
  // A connection that cannot be accepted, for example for lack of descriptors, must not end the server.
  server.on('error', () => undefined);
  return {
    port: (server.address() as AddressInfo).port,
    close: async (graceMs) => {
      const closed = once(server, 'close');
      let cut = 0;
      const timer = setTimeout(() => (cut = connections.cutAll()), graceMs);
      // That of the HTTP server cuts answers that it takes for sent; see `endIdle`.
      NetServer.prototype.close.call(server);
      connections.endIdle();
      await closed;
      clearTimeout(timer);
      // Ends the timers of the HTTP server.
      server.close();
      return cut;
    },
  };
}

/** How long what a client still sends is read, and dropped. */
const LINGER_MS = 1000;

/**
 * Ends the connection after this text. Node.js would close it at once: what is under way is then answered with
 * a reset, and a client that sends all before it reads never sees why.
 */
function endWith(socket: Duplex, text: string): void {
  socket.end(text);
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
}
