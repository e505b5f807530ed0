import type { IncomingMessage } from 'node:http';
import type { BodyMemory, FetchedAnswer } from './object-fetcher.js';

/**
 * Reads the body of an answer with status 2xx into memory. Resolves without a body if that is larger than
 * `maxBytes`; the connection is closed then. Rejects if the body ends before its Content-Length.
 */
export function answerInMemory(
  response: IncomingMessage,
  { maxBytes, allocate = (sizeBytes) => Buffer.allocUnsafe(sizeBytes) }: BodyMemory,
): Promise<FetchedAnswer> {
  const { statusCode = 0, statusMessage = '', headers } = response;
  const answer = { statusCode, statusMessage, headers };
  const length = Number(headers['content-length']);
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      response.destroy();
      resolve({ ...answer, body: undefined });
    };
    if (length > maxBytes) {
      giveUp();
      return;
    }
    const block = length >= 0 ? allocate(length) : undefined;
    const chunks: Buffer[] = [];
    let received = 0;
    response.on('data', (chunk: Buffer) => {
      const begin = received;
      received += chunk.length;
      if (received > (block?.length ?? maxBytes)) giveUp();
      else if (block === undefined) chunks.push(chunk);
      else chunk.copy(block, begin);
    });
    response.once('end', () => resolve({ ...answer, body: block ?? Buffer.concat(chunks) }));
    // Of a connection that is closed in the middle, Node makes an error.
    response.once('error', reject);
  });
}
