import { buffer } from 'node:stream/consumers';
import type { ServeContext } from './context.js';
import { badRequest, RequestFailure } from './failure.js';

const MOST_BYTES = 16 * 1024;

/** Reads a small JSON document. Throws 413 for a larger body, and 400 for one that is no JSON. */
export async function readJsonBody({ env }: ServeContext): Promise<unknown> {
  const bytes = await buffer(bounded(env.incoming));
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    throw badRequest('the body is not JSON');
  }
}

async function* bounded(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let readBytes = 0;
  for await (const chunk of body) {
    readBytes += chunk.length;
    if (readBytes > MOST_BYTES) {
      throw new RequestFailure(413, `the body is larger than ${MOST_BYTES} bytes`, {
        code: 'too_large',
        headers: { connection: 'close' },
      });
    }
    yield chunk;
  }
}
