import type { IncomingMessage } from 'node:http';

/**
 * Makes a response's body fail with what `translate` makes of a broken connection. Works on the
 * response itself: a stream around it would cost every object of a backup.
 */
export function translateFailure(
  response: IncomingMessage,
  translate: (error: Error) => Error,
): IncomingMessage {
  const destroy = response._destroy.bind(response);
  response._destroy = (error, callback) => {
    destroy(error, (failure) => callback(failure instanceof Error ? translate(failure) : failure));
  };
  // Node keeps the failure of a body that nobody listens to yet to itself; a later reader needs it.
  response.on('error', () => undefined);
  return response;
}
