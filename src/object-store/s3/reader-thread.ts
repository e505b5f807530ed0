import { createHash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { collector } from '../../threads/collect.js';
import { type Block, SharedRing } from '../../threads/shared-ring.js';
import { type FetchedAnswer, ObjectFetcher } from './object-fetcher.js';
import type {
  FromReader,
  ReaderOptions,
  ReaderRequest,
  SentBody,
  ToReader,
} from './reader-messages.js';

/** The entry point of a reader thread; see `ReaderThreads`. */

const { fetcher: options, ring: memory } = workerData as ReaderOptions;
const fetcher = new ObjectFetcher(options);
const ring = new SharedRing(memory);
const running = new Map<number, AbortController>();
/** The memory of the bodies that the main thread uses. */
const held = new Map<number, Block>();
/** The buffers of the sockets. */
const collect = collector(8 * 1024 * 1024);
let unsent: FromReader[] = [];

parentPort?.on('message', ({ fetch, abort, release }: ToReader) => {
  for (const id of release) giveBack(id);
  for (const id of abort) {
    running.get(id)?.abort();
    // Its answer may be on the way to the main thread, which does not use it.
    giveBack(id);
  }
  for (const request of fetch) void answer(request);
});

async function answer(request: ReaderRequest): Promise<void> {
  const { id, maxBytes, ...line } = request;
  const aborted = new AbortController();
  running.set(id, aborted);
  const allocate = (sizeBytes: number): Buffer => {
    giveBack(id);
    const block = ring.takeShared(sizeBytes);
    held.set(id, block);
    return block.bytes;
  };
  try {
    const fetched = await fetcher.get({
      ...line,
      memory: { maxBytes, allocate },
      signal: aborted.signal,
    });
    collect(fetched.body?.length ?? 0);
    if (aborted.signal.aborted) giveBack(id);
    else send(described(id, fetched));
  } catch (error) {
    giveBack(id);
    if (!aborted.signal.aborted) send({ id, failure: failureOf(error) });
  } finally {
    running.delete(id);
  }
}

function described(id: number, fetched: FetchedAnswer): FromReader {
  const { statusCode, statusMessage, headers, body } = fetched;
  const outline = { id, statusCode, statusMessage, headers };
  const isObject = body !== undefined && statusCode < 300;
  const digests = isObject ? { sha256: hash('sha256', body), md5: hash('md5', body) } : undefined;
  return { ...outline, body: body === undefined ? undefined : sentBody(body), digests };
}

function sentBody(body: Buffer): SentBody {
  const { buffer, byteOffset: start, length } = body;
  if (buffer === memory) return { start, length };
  if (buffer instanceof SharedArrayBuffer) return { memory: buffer };
  return { copy: Uint8Array.from(body) };
}

function hash(algorithm: string, bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

function failureOf(error: unknown) {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  return { name, message, code };
}

function giveBack(id: number): void {
  held.get(id)?.release();
  held.delete(id);
}

/** What is ready in one turn of the event loop goes in one message. */
function send(sent: FromReader): void {
  if (unsent.push(sent) > 1) return;
  setImmediate(() => {
    parentPort?.postMessage(unsent);
    unsent = [];
  });
}
