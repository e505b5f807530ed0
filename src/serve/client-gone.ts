import type { IncomingMessage } from 'node:http';
import { ClientGone } from './failure.js';

/**
 * Returns a signal that is aborted with a `ClientGone` when the client has gone. The signal of the request,
 * `ended`, is aborted with a text, which says nothing to whoever catches it; and not at all while the answer
 * waits behind that to another request of the same connection.
 */
export function clientGoneSignal(ended: AbortSignal, incoming: IncomingMessage): AbortSignal {
  const controller = new AbortController();
  const abort = (): void => controller.abort(new ClientGone());
  const isCut = (): boolean => incoming.destroyed && incoming.readableAborted;
  if (ended.aborted || isCut()) abort();
  ended.addEventListener('abort', abort, { once: true });
  incoming.once('close', () => {
    if (isCut()) abort();
  });
  return controller.signal;
}
