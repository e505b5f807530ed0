import { once } from 'node:events';
import { createServer, request as send, type IncomingMessage } from 'node:http';
import { connect, createServer as createNetServer, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface HttpProxy {
  /** `http://127.0.0.1:port`. */
  url: string;
  /** What it was asked for: `CONNECT name:443`, `GET http://name/path`. */
  asked: string[];
  close: () => Promise<void>;
}

/**
 * An HTTP proxy, with CONNECT, that alone knows the names of `hosts`: each leads to a URL of loopback.
 * With a login, who does not give it gets a 407.
 */
export async function startHttpProxy(
  hosts: Readonly<Record<string, string>>,
  login?: string,
): Promise<HttpProxy> {
  const asked: string[] = [];
  const sockets = new Set<Duplex>();
  const isWelcome = ({ headers }: IncomingMessage): boolean =>
    login === undefined ||
    headers['proxy-authorization'] === `Basic ${Buffer.from(login).toString('base64')}`;
  const server = createServer((request, response) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
    const url = new URL(request.url ?? '');
    const upstream = hosts[url.hostname];
    if (!isWelcome(request) || upstream === undefined) {
      response.writeHead(isWelcome(request) ? 502 : 407).end();
      return;
    }
    const { hostname, port } = new URL(upstream);
    const headers = { ...request.headers };
    delete headers['proxy-authorization'];
    const path = (request.url ?? '').replace(/^http:\/\/[^/]*/, '');
    const onward = send({ hostname, port, path, headers, method: request.method }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.rawHeaders);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    asked.push(`CONNECT ${request.url ?? ''}`);
    const upstream = hosts[(request.url ?? '').replace(/:\d+$/, '')];
    if (!isWelcome(request) || upstream === undefined) {
      socket.end(`HTTP/1.1 ${isWelcome(request) ? '502 Bad Gateway' : '407 Login'}\r\n\r\n`);
      return;
    }
    const { hostname, port } = new URL(upstream);
    const onward = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      sockets.add(one);
      one.on('error', () => undefined);
      one.on('close', () => other.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** How a proxy fails. */
export const PROXY_FAILURES = {
  'wants a login': '407 Proxy Authentication Required',
  'wants a login, in the words of tinyproxy': '401 Unauthorized',
  'has no way': '502 Bad Gateway',
  'is no proxy': 'garbage',
  'ends the connection': 'end',
  'ends the tunnel': 'end behind CONNECT',
  'never answers': 'silence',
} as const;

/** A proxy that fails in this way, whatever it is asked for. */
export async function startBrokenProxy(
  failure: (typeof PROXY_FAILURES)[keyof typeof PROXY_FAILURES],
): Promise<Pick<HttpProxy, 'url' | 'close'>> {
  const sockets = new Set<Socket>();
  const server = createNetServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', (head) => {
      if (failure === 'garbage') socket.end('SSH-2.0-OpenSSH_9.2\r\n');
      else if (failure === 'end') socket.end();
      else if (failure === 'end behind CONNECT') {
        if (!head.toString('latin1').startsWith('CONNECT')) {
          socket.end();
          return;
        }
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.once('data', () => socket.end());
      } else if (failure !== 'silence') {
        socket.end(`HTTP/1.1 ${failure}\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsorry\n`);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
