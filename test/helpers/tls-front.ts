import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { fileURLToPath } from 'node:url';

/** Path of a certificate in PEM, or of a key. */
export function tlsFile(name: string): string {
  return fileURLToPath(new URL(`tls/${name}.pem`, import.meta.url));
}

/** TLS before a server that has none. Bytes pass unchanged, so signatures stay valid. */
export async function startTlsFront(
  upstream: string,
  certificate: 'loopback' | 'elsewhere',
): Promise<{ endpoint: string; close: () => Promise<void> }> {
  const { hostname, port } = new URL(upstream);
  const cert = readFileSync(tlsFile(certificate));
  const key = readFileSync(tlsFile(`${certificate}-key`));
  const sockets = new Set<{ destroy: () => void }>();
  const server = createServer({ cert, key }, (secure) => {
    const plain = connect(Number(port), hostname);
    for (const socket of [secure, plain]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    secure.on('close', () => plain.destroy()).pipe(plain);
    plain.on('close', () => secure.destroy()).pipe(secure);
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
