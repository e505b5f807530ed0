import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** What happens to a connection on its way to Redis. */
export interface RedisProxyPlan {
  /** Waited for before bytes of the client go on. */
  onRequest?: (text: string) => unknown;
  /** Waited for before an answer goes on; told how many bytes of answers came before it. */
  onAnswer?: (bytesBefore: number) => unknown;
}

export interface RedisProxy {
  /** `redis://127.0.0.1:port`. */
  url: string;
  port: number;
  /** Cuts all connections. */
  cut: () => void;
  close: () => Promise<void>;
}

/** A TCP proxy before a Redis. */
export async function startRedisProxy(upstream: string, plan: RedisProxyPlan): Promise<RedisProxy> {
  const { hostname, port } = new URL(upstream);
  return await listen((client) => {
    const server = connect(Number(port), hostname);
    const pass = async (from: Socket, to: Socket, before: (chunk: Buffer) => unknown) => {
      try {
        for await (const chunk of from as AsyncIterable<Buffer>) {
          await before(chunk);
          to.write(chunk);
        }
      } finally {
        to.destroy();
      }
    };
    let answered = 0;
    pass(client, server, (chunk) => plan.onRequest?.(chunk.toString('latin1'))).catch(ignore);
    pass(server, client, (chunk) => {
      answered += chunk.length;
      return plan.onAnswer?.(answered - chunk.length);
    }).catch(ignore);
    return server;
  });
}

/** Takes connections and what is sent, and never answers. */
export async function startSilentServer(): Promise<RedisProxy & { met: Promise<void> }> {
  let meet: () => void;
  /** Resolves at the first bytes of the first client. */
  const met = new Promise<void>((resolve) => (meet = resolve));
  const server = await listen((client) => client.on('data', () => meet()));
  return { ...server, met };
}

async function listen(onClient: (client: Socket) => Socket): Promise<RedisProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    for (const socket of [client, onClient(client)]) {
      sockets.add(socket);
      socket.on('error', ignore);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    cut,
    close: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}

function ignore(): void {
  // A connection that breaks is what the tests look at from the other end.
}
