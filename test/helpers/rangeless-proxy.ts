import { once } from 'node:events';
import http, { type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A proxy before an S3 server that answers a request for a range with the whole object. */
export async function startRangelessProxy(
  upstream: string,
  wholeUrl: string,
): Promise<{ endpoint: string; close: () => Promise<void> }> {
  const { hostname, port } = new URL(upstream);
  const server = http.createServer((request, response) => {
    const { url: path, method, headers } = request;
    const isRange = headers.range !== undefined;
    const pass = (answered: http.IncomingMessage): void => {
      response.writeHead(answered.statusCode ?? 502, answered.headers as http.OutgoingHttpHeaders);
      answered.pipe(response);
    };
    // The signature is over the range too, so that the whole is asked for with another URL.
    const passedOn = isRange
      ? http.get(wholeUrl, pass)
      : http.request({ hostname, port, path, method, headers: asSent(headers) }, pass);
    passedOn.on('error', () => request.socket.destroy());
    request.on('error', () => passedOn.destroy());
    request.pipe(passedOn);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function asSent(headers: IncomingHttpHeaders): http.OutgoingHttpHeaders {
  return { ...headers };
}
