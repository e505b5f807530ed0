import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Exchange } from './exchange.js';
import { onAbort } from './on-abort.js';

export interface Timeouts {
  /** A connection without traffic for this long counts as broken. */
  idleTimeoutMs: number;
  connectTimeoutMs: number;
}

/** A server that does not support `Expect` waits silently for the body. */
const CONTINUE_TIMEOUT_MS = 1000;

class SilenceError extends Error {
  readonly code = 'ETIMEDOUT';
}

/**
 * Ends a request when its connection is silent for too long or its signal is aborted. Sends the body when
 * the server asks for it, or does not know how to ask.
 */
export function watchRequest(
  request: ClientRequest,
  exchange: Exchange,
  { connectTimeoutMs, idleTimeoutMs }: Timeouts,
): void {
  const { signal, onContinue } = exchange;
  request.on('socket', (socket) => {
    if (!socket.connecting) return;
    socket.setTimeout(connectTimeoutMs);
    socket.once('connect', () => socket.setTimeout(idleTimeoutMs));
  });
  request.on('timeout', () => {
    const socket = request.socket;
    const waits = exchange.isThrottled === true || isWaitingForUs(request);
    if (socket !== null && !socket.connecting && waits) {
      socket.setTimeout(idleTimeoutMs);
      return;
    }
    request.destroy(new SilenceError('the server has gone silent'));
  });
  if (signal !== undefined) {
    request.once(
      'close',
      onAbort(signal, () => request.destroy()),
    );
  }
  if (onContinue !== undefined) {
    const timer = setTimeout(onContinue, CONTINUE_TIMEOUT_MS);
    request.once('continue', onContinue);
    request.once('close', () => clearTimeout(timer));
  }
}

/** Whether the silence is our own: the response's reader or the body's source is slow. */
function isWaitingForUs(request: ClientRequest): boolean {
  const response = responseOf(request);
  if (response !== undefined) return response.readableLength > 0;
  return !request.writableEnded && request.writableLength === 0;
}

function responseOf(request: ClientRequest): IncomingMessage | undefined {
  return 'res' in request ? ((request.res ?? undefined) as IncomingMessage | undefined) : undefined;
}
