import type { IncomingMessage } from 'node:http';
import { pipeline, Transform, type Readable } from 'node:stream';

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

/**
 * The body of an answer that does not say its length, which is known from elsewhere. Fails with what
 * `wrong` makes of the bytes received where they are more or fewer: nothing else would tell.
 */
export function ofLength(
  body: Readable,
  sizeBytes: number,
  wrong: (received: string) => Error,
): Readable {
  let received = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length;
      if (received > sizeBytes) done(wrong(`${received} or more`));
      else done(null, chunk);
    },
    flush(done) {
      done(received === sizeBytes ? null : wrong(String(received)));
    },
  });
  // A failure of either stream ends both, and the reader gets it from the one that it reads.
  return pipeline(body, counted, () => undefined);
}
