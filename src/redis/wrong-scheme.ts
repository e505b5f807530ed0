import net from 'node:net';
import tls from 'node:tls';

/** A server that is there answers a PING, or a TLS handshake, well within this time. */
const PROBE_MS = 700;

interface Place {
  host: string;
  port: number;
}

/**
 * Whether a Redis without TLS answers there. It is sent a PING and nothing else, on a connection of
 * its own, until the signal. Never rejects.
 */
export function speaksPlainly({ host, port }: Place, signal: AbortSignal): Promise<boolean> {
  const socket = net.connect(port, host, () => socket.write('PING\r\n'));
  return probed(socket, (settle) => {
    signal.addEventListener('abort', () => settle(false));
    // `+PONG`, or the `-NOAUTH` and `-DENIED` of one that says no more to strangers.
    socket.once('data', (data) => settle(data[0] === 0x2b || data[0] === 0x2d));
  });
}

/** Whether a server with TLS, whatever its certificate, answers there. Never rejects. */
export function speaksTls({ host, port }: Place): Promise<boolean> {
  // Nothing is sent through it.
  const socket = tls.connect({ port, host, rejectUnauthorized: false });
  return probed(socket, (settle) => socket.once('secureConnect', () => settle(true)));
}

function probed(
  socket: net.Socket,
  listen: (settle: (answer: boolean) => void) => void,
): Promise<boolean> {
  return new Promise<boolean>((resolve) => {
    const settle = (answer: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => settle(false), PROBE_MS);
    socket.on('error', () => settle(false));
    socket.on('close', () => settle(false));
    listen(settle);
  });
}
