import { countOf } from '../../count-of.js';
import type { IncomingMessage } from 'node:http';
import { pipeline, Transform, type Readable } from 'node:stream';

/**
 * Translates the error with which a response's body fails. It patches the response itself, because
 * a wrapping stream would slow down each object of a backup.
 */
export function translateFailure(
  response: IncomingMessage,
  translate: (error: Error) => Error,
): IncomingMessage {
  const destroy = response._destroy.bind(response);
  response._destroy = (error, callback) => {
    destroy(error, (failure) => callback(failure instanceof Error ? translate(failure) : failure));
  };
  // Prevents an unhandled error if nobody listens yet; a later reader still gets it.
  response.on('error', () => undefined);
  return response;
}

/**
 * Checks the length of a body whose response has no Content-Length. The body fails with the error
 * that `wrong` returns for the number of bytes received.
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
      if (received > sizeBytes) done(wrong(`${countOf(received, 'byte')} or more`));
      else done(null, chunk);
    },
    flush(done) {
      done(received === sizeBytes ? null : wrong(countOf(received, 'byte')));
    },
  });
  // A failure of either stream ends both, and the reader gets it from the returned one.
  return pipeline(body, counted, () => undefined);
}
