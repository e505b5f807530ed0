import { once } from 'node:events';
import { connect } from 'node:net';

/**
 * A generator of load that costs a fraction of what a server does: connections that are kept, each with one
 * request at a time, and answers of which only the status and the length are read. Prints the requests that
 * were answered, and the CPU that it took, as JSON.
 *
 * Usage: node http-load.js PORT PATH CONNECTIONS SECONDS
 */

const [port, path, connections, seconds] = process.argv.slice(2);
const request = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`, 'latin1');
const HEADERS_END = Buffer.from('\r\n\r\n');

let answered = 0;
let failure;

function drive(socket) {
  /** Bytes of the answer that have not come; -1 while its headers have not. */
  let left = -1;
  let head = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    if (left < 0) {
      head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
      const end = head.indexOf(HEADERS_END);
      if (end < 0) return;
      const text = head.latin1Slice(0, end);
      const length = /\r\ncontent-length: (\d+)/i.exec(text)?.[1];
      if (!text.startsWith('HTTP/1.1 200 ') || length === undefined) {
        failure ??= text;
        socket.destroy();
        return;
      }
      left = Number(length) - (head.length - end - HEADERS_END.length);
      head = Buffer.alloc(0);
    } else {
      left -= chunk.length;
    }
    if (left > 0) return;
    left = -1;
    answered += 1;
    socket.write(request);
  });
}

const sockets = await Promise.all(
  Array.from({ length: Number(connections) }, async () => {
    const socket = connect(Number(port), '127.0.0.1');
    await once(socket, 'connect');
    socket.setNoDelay(true);
    drive(socket);
    return socket;
  }),
);
const begin = performance.now();
const cpu = process.cpuUsage();
for (const socket of sockets) socket.write(request);
setTimeout(
  () => {
    const tookS = (performance.now() - begin) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    for (const socket of sockets) socket.destroy();
    if (failure !== undefined) throw new Error(`not the answer that was expected:\n${failure}`);
    const cpuShare = (user + system) / 1e6 / tookS;
    process.stdout.write(JSON.stringify({ perSecond: answered / tookS, cpuShare }));
  },
  Number(seconds) * 1000,
);
