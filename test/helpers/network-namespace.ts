import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import process from 'node:process';

/** A host of its own, as far as the network knows: a Linux network namespace with one link to this one. */
export interface NetworkNamespace {
  /** The command before a program that runs there. */
  exec: readonly string[];
  /** The address of this host, as seen from there. */
  gateway: string;
  /** Takes the link down, or up again. Connections do not notice until they send. */
  setLink: (isUp: boolean) => void;
  remove: () => void;
}

let made = 0;

/** Makes a namespace; `undefined` where this user may not, or there is no `ip`. Names why on stderr. */
export function makeNetworkNamespace(): NetworkNamespace | undefined {
  const number = made++;
  const name = `mm${process.pid}n${number}`;
  const [here, there] = [`${name}h`.slice(-15), `${name}t`.slice(-15)];
  // One network of two addresses each, out of those for benchmarks (RFC 2544).
  const net = `198.${18 + (process.pid & 1)}.${(process.pid >> 1) & 255}`;
  const [gateway, own] = [`${net}.${number * 4 + 1}`, `${net}.${number * 4 + 2}`];
  const ip = (...args: string[]): void => void execFileSync('ip', args, { stdio: 'pipe' });
  const remove = (): void => {
    for (const args of [
      ['link', 'del', here],
      ['netns', 'del', name],
    ]) {
      try {
        ip(...args);
      } catch {
        // It is not there.
      }
    }
  };
  try {
    ip('netns', 'add', name);
    ip('link', 'add', here, 'type', 'veth', 'peer', 'name', there, 'netns', name);
    ip('addr', 'add', `${gateway}/30`, 'dev', here);
    ip('link', 'set', here, 'up');
    ip('-n', name, 'addr', 'add', `${own}/30`, 'dev', there);
    ip('-n', name, 'link', 'set', there, 'up');
    ip('-n', name, 'link', 'set', 'lo', 'up');
  } catch {
    remove();
    return undefined;
  }
  return {
    ...{ exec: ['ip', 'netns', 'exec', name], gateway, remove },
    setLink: (isUp) => ip('link', 'set', here, isUp ? 'up' : 'down'),
  };
}

export interface SlowRelay {
  port: number;
  /** The bytes that have been passed on to clients. */
  passedBytes: () => number;
  close: () => Promise<void>;
}

/** Passes connections to an address on to a server on loopback, and so many bytes a second back. */
export async function startSlowRelay(
  address: string,
  upstreamPort: number,
  bytesPerSecond: number,
): Promise<SlowRelay> {
  const sockets = new Set<Socket>();
  let passed = 0;
  let freeAtMs = 0;
  const server = createServer((client) => {
    const upstream = connect(upstreamPort, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream);
    upstream.on('data', (chunk: Buffer) => {
      upstream.pause();
      const nowMs = performance.now();
      freeAtMs = Math.max(nowMs, freeAtMs) + (chunk.length / bytesPerSecond) * 1000;
      setTimeout(() => {
        passed += chunk.length;
        client.write(chunk);
        upstream.resume();
      }, freeAtMs - nowMs);
    });
  });
  server.listen(0, address);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    passedBytes: () => passed,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
