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
    let block: Buffer | undefined;
    try {
      if (length >= 0) block = allocate(length);
    } catch (error) {
      // An answer that nobody reads would keep its connection.
      response.destroy();
      throw error;
    }
    const chunks: Buffer[] = [];
    let received = 0;
    response.on('data', (chunk: Buffer) => {
      const begin = received;
      received += chunk.length;
      if (received > (block?.length ?? maxBytes)) giveUp();
      else if (block === undefined) chunks.push(chunk);
      else chunk.copy(block, begin);
    });
    response.once('end', () => {
      const isWhole = block === undefined || received === block.length;
      if (isWhole) resolve({ ...answer, body: block ?? Buffer.concat(chunks) });
      else reject(new Error('the answer ended before its Content-Length'));
    });
    // Of a connection that is closed in the middle, Node makes an error.
    response.once('error', reject);
  });
}
