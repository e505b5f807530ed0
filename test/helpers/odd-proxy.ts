import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer as readAll } from 'node:stream/consumers';
import { pageOf, pageXml, type Entry } from './odd-listing.js';
import { operationOf, type OddAnswer, type OddRequest } from './odd-messages.js';
import { Upstream } from './odd-upstream.js';

/** Asks the server behind. Listings come as pages of ten. */
export type Next = (request: OddRequest) => Promise<OddAnswer>;

/** In what a server differs from S3. */
export interface OddServer {
  /** Answers by itself, or changes the request or the answer. */
  handle?: (request: OddRequest, next: Next) => Promise<OddAnswer> | OddAnswer;
  /** The objects of a bucket as the server lists them, in its order. */
  entries?: (all: Entry[], bucket: string) => Entry[];
}

export interface OddProxy {
  /** `http://127.0.0.1:port`. */
  endpoint: string;
  /** All requests since it was last emptied. */
  requests: OddRequest[];
  /** From now on it is such a server; without an argument, a plain one. */
  be: (server?: OddServer) => void;
  close: () => Promise<void>;
}

/** A proxy before the S3 server of this run, which makes an odd one of it. */
export async function startOddProxy(): Promise<OddProxy> {
  const upstream = new Upstream();
  const requests: OddRequest[] = [];
  let server: OddServer = {};
  const next: Next = async (request) => {
    if (request.operation !== 'ListObjectsV2') return await upstream.send(request);
    const listed = await upstream.list(request);
    if (!Array.isArray(listed)) return listed;
    const all = server.entries?.(listed, request.bucket) ?? listed;
    const page = pageOf(all, request);
    return { status: 200, headers: { 'content-type': 'application/xml' }, body: NOTHING, page };
  };
  const listener = http.createServer((incoming, response) => {
    const work = async (): Promise<void> => {
      const request = await read(incoming);
      requests.push(request);
      const answer = await (server.handle ?? ((asked) => next(asked)))(request, next);
      await send(response, request, answer);
    };
    work().catch(() => response.destroy());
  });
  listener.keepAliveTimeout = 60_000;
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    be: (odd = {}) => (server = odd),
    close: async () => {
      listener.closeAllConnections();
      listener.close();
      await once(listener, 'close');
      upstream.close();
    },
  };
}

const NOTHING = Buffer.alloc(0);

async function read(incoming: IncomingMessage): Promise<OddRequest> {
  const { method = '', url = '' } = incoming;
  const [path = '', search = ''] = url.split(/\?(.*)/s);
  const [bucket = '', key = ''] = path.slice(1).split(/\/(.*)/s);
  const query = new Map(
    search
      .split('&')
      .filter((part) => part !== '')
      .map((part) => part.split(/=(.*)/s).map(decodeURIComponent))
      .map(([name = '', value = '']) => [name, value] as const),
  );
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    headers[name] = Array.isArray(value) ? value.join(', ') : (value ?? '');
  }
  const place = { bucket, key: decodeURIComponent(key), query };
  const body = await readAll(incoming);
  return { method, operation: operationOf(method, place), ...place, headers, body };
}

async function send(
  response: ServerResponse,
  { method, bucket }: OddRequest,
  answer: OddAnswer,
): Promise<void> {
  const { status, page, stream, cutAfter } = answer;
  const body = page === undefined ? answer.body : Buffer.from(pageXml(bucket, page));
  const length = page === undefined ? {} : { 'content-length': String(body.length) };
  response.writeHead(status, { ...answer.headers, ...length });
  if (method === 'HEAD') response.end();
  else if (cutAfter !== undefined) {
    response.write(body.subarray(0, cutAfter));
    // What was written goes out first: this is about a body that breaks, not one that never came.
    setTimeout(() => response.socket?.destroySoon(), 5);
  } else if (stream === undefined) response.end(body);
  else await pour(stream, response);
}

/** Until the reader has had enough. */
async function pour(stream: AsyncIterable<Buffer>, response: ServerResponse): Promise<void> {
  for await (const chunk of stream) {
    if (response.destroyed) return;
    if (response.write(chunk)) continue;
    const over = new AbortController();
    const { signal } = over;
    await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]);
    over.abort();
  }
  response.end();
}
