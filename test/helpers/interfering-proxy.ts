import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What happens besides to a request for an object, on its way through the proxy. */
interface Interference {
  /** Done before the server is asked. */
  before?: () => Promise<unknown>;
  /** The lowest bit of this byte of the answer's body is flipped. */
  flipByte?: number;
}

export interface InterferingProxy {
  endpoint: string;
  /** Called for each GET of an object, with its key as sent; `undefined` lets it pass. */
  setPlan: (plan: (key: string) => Interference | undefined) => void;
  close: () => Promise<void>;
}

/** An HTTP proxy before an S3 server whose objects change, or arrive as others than they left. */
export async function startInterferingProxy(upstream: string): Promise<InterferingProxy> {
  let plan: (key: string) => Interference | undefined = () => undefined;
  const agent = new http.Agent({ keepAlive: true });
  const server = http.createServer((request, response) => {
    const key = /^\/[^/?]+\/([^?]+)$/.exec(request.url ?? '')?.[1];
    const interference = request.method === 'GET' && key !== undefined ? plan(key) : undefined;
    Promise.resolve(interference?.before?.())
      .then(() => forward(upstream, agent, request, response, interference?.flipByte))
      .catch(() => request.socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    setPlan: (next) => (plan = next),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      agent.destroy();
    },
  };
}

function forward(
  upstream: string,
  agent: http.Agent,
  request: IncomingMessage,
  response: ServerResponse,
  flipByte: number | undefined,
): void {
  const { hostname, port } = new URL(upstream);
  const { url: path, method, headers } = request;
  const passedOn = http.request({ hostname, port, agent, path, method, headers }, (answered) => {
    response.writeHead(answered.statusCode ?? 502, answered.rawHeaders);
    let passed = 0;
    answered.on('data', (chunk: Buffer) => {
      const at = (flipByte ?? -1) - passed;
      if (at >= 0 && at < chunk.length) chunk.writeUInt8(chunk.readUInt8(at) ^ 1, at);
      passed += chunk.length;
      if (response.write(chunk)) return;
      answered.pause();
      response.once('drain', () => answered.resume());
    });
    answered.on('end', () => response.end());
    answered.on('error', () => response.destroy());
  });
  passedOn.on('error', () => request.socket.destroy());
  request.pipe(passedOn);
}
