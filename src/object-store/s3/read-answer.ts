import type { IncomingMessage } from 'node:http';
import { AnswerTooLarge } from '../unexpected-answer.js';

/**
 * Reads an answer into memory. Throws `AnswerTooLarge`, and closes the connection, as soon as it has
 * or announces more than `mostBytes`.
 */
export async function readAtMost(response: IncomingMessage, mostBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    if (Number(response.headers['content-length']) > mostBytes) throw tooLarge(mostBytes);
    for await (const chunk of response as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > mostBytes) throw tooLarge(mostBytes);
      chunks.push(chunk);
    }
  } catch (error) {
    response.destroy();
    throw error;
  }
  return Buffer.concat(chunks, sizeBytes);
}

function tooLarge(mostBytes: number): AnswerTooLarge {
  return new AnswerTooLarge(`answered with more than ${mostBytes / 1024 / 1024} MiB`);
}
