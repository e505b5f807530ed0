import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { useBillingRedis } from '../../helpers/billing-records.js';
import { useServers } from '../../helpers/serve.js';

const { env } = useBillingRedis();
const serve = useServers();

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

/** Resolves to what came until the connection closed. */
async function exchange(socket: Socket, pieces: readonly string[]): Promise<string> {
  for (const piece of pieces) {
    await new Promise<void>((resolve, reject) => {
      socket.write(piece, (error) => (error ? reject(error) : resolve()));
    });
  }
  let text = '';
  for await (const chunk of socket) text += (chunk as Buffer).toString('latin1');
  return text;
}

const LONG = Array.from({ length: 40 }, () => 'a'.repeat(16 * 1024));
const SESSION = 'GET /api/session HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';

/** Sends all before it reads. Node.js itself would read as soon as something is there. */
const BLOCKING_CLIENT = `
import socket, sys
s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
s.sendall(b'GET /api/session?x=' + b'a' * 1000000 + b' HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n\\r\\n')
while True:
    some = s.recv(1000)
    if not some:
        break
    sys.stdout.write(some.decode('latin1'))
`;

describe('a request that cannot be read', () => {
  it('is 431 for a long address, also for a client that reads when it has sent all', async () => {
    const { port } = await serve([], env());
    const args = ['-c', BLOCKING_CLIENT, String(port)];
    const { stdout } = await promisify(execFile)('python3', args);
    expect(stdout).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('is 431 on a connection that had another answer before', async () => {
    const { port } = await serve([], env());
    const socket = await connected(port);
    socket.write(SESSION);
    await once(socket, 'readable');
    const text = await exchange(socket, ['GET / HTTP/1.1\r\nx: ', ...LONG]);
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(text).toMatch(/HTTP\/1\.1 431 [^]*\r\n\r\n$/);
  });

  it('is 400 if it is none', async () => {
    const { port } = await serve([], env());
    const socket = await connected(port);
    expect(await exchange(socket, ['hello\r\n\r\n'])).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('is not answered into the answer of another', async () => {
    const { port } = await serve([], env());
    const socket = await connected(port);
    socket.write('GET /api/jobs/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    await once(socket, 'readable');
    expect(await exchange(socket, ['hello\r\n\r\n'])).not.toContain(' 400 ');
  });
});
