import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * An HTTP proxy before an S3 server that closes each connection after its answer, as some servers do. `more`:
 * headers that each answer has besides.
 */
export async function startClosingProxy(upstream: string, more: Record<string, string> = {}) {
  const { hostname, port } = new URL(upstream);
  const server = http.createServer((request, response) => {
    response.shouldKeepAlive = false;
    const { method, url: path, headers } = request;
    const asked = http.request({ hostname, port, method, path, headers }, (answer) => {
      delete answer.headers.connection;
      response.writeHead(answer.statusCode ?? 500, { ...answer.headers, ...more });
      answer.pipe(response);
    });
    asked.on('error', () => response.destroy());
    request.pipe(asked);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
