import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * What is answered in the place of Redis, in RESP2 (`-LOADING …\r\n`); `undefined` for what Redis answers,
 * and `null` for no answer at all.
 */
export type Answer = (command: readonly string[]) => string | null | undefined;

export interface AnsweringProxy {
  /** `redis://127.0.0.1:port`. */
  url: string;
  setAnswer: (answer: Answer) => void;
  close: () => Promise<void>;
}

/** A proxy before a Redis that answers some commands itself, each connection in its order. */
export async function startAnsweringProxy(
  upstream: string,
  answer: Answer,
): Promise<AnsweringProxy> {
  const { hostname, port } = new URL(upstream);
  const sockets = new Set<Socket>();
  let current = answer;
  const server = createServer((client) => {
    const redis = connect(Number(port), hostname);
    for (const socket of [client, redis]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        redis.destroy();
      });
    }
    serve(client, redis, (command) => current(command)).catch(() => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setAnswer: (next) => (current = next),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function serve(client: Socket, redis: Socket, answer: Answer): Promise<void> {
  const [commands, replies] = [messagesOf(client), messagesOf(redis)];
  for await (const command of commands) {
    const own = answer(wordsOf(command));
    if (own === null) continue;
    if (own !== undefined) {
      client.write(own);
      continue;
    }
    redis.write(command);
    const reply = await replies.next();
    if (reply.done === true) return;
    client.write(reply.value);
  }
}

/** The commands or the replies of a connection, one at a time. */
async function* messagesOf(socket: Socket): AsyncGenerator<Buffer, undefined> {
  let bytes: Buffer = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    bytes = Buffer.concat([bytes, chunk]);
    for (let end = endOf(bytes, 0); end !== undefined; end = endOf(bytes, 0)) {
      yield bytes.subarray(0, end);
      bytes = bytes.subarray(end);
    }
  }
  return undefined;
}

/** Where the value that begins at `from` ends; `undefined` while it is not complete. */
function endOf(bytes: Buffer, from: number): number | undefined {
  const lineEnd = bytes.indexOf('\r\n', from);
  if (lineEnd < 0) return undefined;
  const next = lineEnd + 2;
  const kind = String.fromCharCode(bytes[from] ?? 0);
  const size = Number(bytes.toString('latin1', from + 1, lineEnd));
  if (kind === '$' && size >= 0)
    return next + size + 2 <= bytes.length ? next + size + 2 : undefined;
  if (kind !== '*') return next;
  let end: number | undefined = next;
  for (let item = 0; item < size && end !== undefined; item++) end = endOf(bytes, end);
  return end;
}

/** The words of a command, which is a list of texts. */
function wordsOf(command: Buffer): string[] {
  const words: string[] = [];
  for (let at = command.indexOf('\r\n') + 2; at < command.length;) {
    const lineEnd = command.indexOf('\r\n', at);
    const length = Number(command.toString('latin1', at + 1, lineEnd));
    words.push(command.toString('latin1', lineEnd + 2, lineEnd + 2 + length));
    at = lineEnd + 2 + length + 2;
  }
  return words;
}
