import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Received {
  method: string;
  /** Path and query. */
  path: string;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** What becomes of a request: a status, no answer at all, or a connection that breaks. */
type Reaction = number | { status: number; location: string } | 'hang' | 'break';

export interface Listener {
  url: string;
  received: Received[];
  /** Asked for each request; 200 for all at first. */
  react: (plan: (request: Received, index: number) => Reaction) => void;
  close: () => Promise<void>;
}

/** A server that keeps what it is told. */
export async function startListener(): Promise<Listener> {
  const received: Received[] = [];
  let plan: (request: Received, index: number) => Reaction = () => 200;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => undefined);
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      const one = { method, path, headers, body: Buffer.concat(chunks).toString() };
      const reaction = plan(one, received.push(one) - 1);
      if (reaction === 'break') request.socket.destroy();
      else if (typeof reaction === 'object') {
        response.writeHead(reaction.status, { location: reaction.location }).end();
      } else if (reaction !== 'hang') {
        const location = reaction >= 300 && reaction < 400 ? { location: '/moved' } : {};
        response.writeHead(reaction, location).end('OK');
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    react: (next) => (plan = next),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
