import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** When a connection breaks: before the server gets the bytes, or after it has answered them. */
type Cut = 'request' | 'answer';

export interface CuttingProxy {
  port: number;
  /** Asked for every chunk that a client sends; `undefined` lets it pass. */
  setPlan: (plan: (() => Cut | undefined) | undefined) => void;
  /** How often it cut, of each kind. */
  cuts: Record<Cut, number>;
  /** Cuts all connections that there are. */
  cutAll: () => void;
  close: () => Promise<void>;
}

/** TCP before a server on loopback. A client cannot tell the two kinds of cut apart. */
export async function startCuttingProxy(upstreamPort: number): Promise<CuttingProxy> {
  let plan: (() => Cut | undefined) | undefined;
  const cuts = { request: 0, answer: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(upstreamPort, '127.0.0.1');
    let loseAnswer = false;
    const end = (cut?: Cut): void => {
      if (cut !== undefined) cuts[cut] += 1;
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        end();
      });
    }
    client.on('data', (chunk) => {
      const cut = plan?.();
      loseAnswer ||= cut === 'answer';
      if (cut === 'request') end(cut);
      else upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (loseAnswer) end('answer');
      else client.write(chunk);
    });
  });
  const cutAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    setPlan: (next) => (plan = next),
    cuts,
    cutAll,
    close: async () => {
      cutAll();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Accepts connections, reads, and never answers. */
export async function startSilentServer(): Promise<{ port: number; close: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined).resume());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
