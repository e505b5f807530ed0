import type { IncomingMessage } from 'node:http';
import type { TokenBucket } from '../rate-limit.js';

/**
 * Lets the body of an answer come at the rate of the bucket: Node stops reading the socket when `push`
 * returns false, and reads on when the stream asks for more. The end waits too: a short body comes in
 * one piece, and would never wait for anything else. `onHold` is told when the answer begins to wait, and
 * when it goes on.
 */
export function throttleAnswer(
  response: IncomingMessage,
  bucket: TokenBucket,
  onHold: (isHeld: boolean) => void,
): void {
  const push = response.push.bind(response);
  const read = response._read.bind(response);
  let isHeld = false;
  let hasEnded = false;
  let wanted: number | undefined;
  let forget = (): void => undefined;
  const proceed = (): void => {
    isHeld = false;
    onHold(false);
    if (hasEnded) push(null);
    else if (wanted !== undefined) read(wanted);
    wanted = undefined;
  };
  response.once('close', () => forget());
  response.push = (chunk: Buffer | null) => {
    if (chunk !== null) {
      forget();
      isHeld = true;
      onHold(true);
      forget = bucket.hold(chunk.length, proceed);
      push(chunk);
    } else if (isHeld) hasEnded = true;
    else push(null);
    return false;
  };
  response._read = (size) => {
    if (isHeld) wanted = size;
    else read(size);
  };
}
