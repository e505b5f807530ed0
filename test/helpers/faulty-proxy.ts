import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What happens to a request on its way. */
export type Fault =
  /** The connection is closed before any answer. */
  | { kind: 'refuse' }
  /** The request is taken, and there is no answer. */
  | { kind: 'ignore' }
  /** The connection is closed after so many bytes of the answer's body. */
  | { kind: 'cut'; afterBytes: number }
  /** So many bytes of the answer's body come, and then no more. */
  | { kind: 'stall'; afterBytes: number }
  /** The server gets the request and carries it out; the connection is closed before the answer. */
  | { kind: 'lose' }
  /** The connections are closed after so many bytes of the request's body. */
  | { kind: 'cut-upload'; afterBytes: number }
  /** The lowest bit of this byte of the request's body is flipped. */
  | { kind: 'flip'; byte: number }
  /** The server is not asked; this is the answer, an S3 error document where `body` is absent. */
  | { kind: 'answer'; status: number; code?: string; body?: string };

interface ProxiedRequest {
  method: string;
  /** Path and query as they were sent. */
  path: string;
  /** `/BUCKET/KEY` of the object that the server is asked to copy. */
  copiedFrom: string | undefined;
  /** The number of requests before this one. */
  index: number;
  /** Bytes of the body that the server answered with, so far. */
  receivedBytes: () => number;
}

/** Called for every request; `undefined` lets it pass. */
export type FaultPlan = (request: ProxiedRequest) => Fault | undefined;

export interface FaultyProxy {
  /** `http://127.0.0.1:port`. */
  endpoint: string;
  /** All requests so far. */
  requests: ProxiedRequest[];
  setPlan: (plan: FaultPlan) => void;
  close: () => Promise<void>;
}

/** An HTTP proxy before an S3 server. Host and paths pass unchanged, so signatures stay valid. */
export async function startFaultyProxy(upstream: string, plan?: FaultPlan): Promise<FaultyProxy> {
  let current = plan;
  const requests: ProxiedRequest[] = [];
  const agent = new http.Agent({ keepAlive: true });
  const server = http.createServer((request, response) => {
    let received = 0;
    const seen: ProxiedRequest = {
      method: request.method ?? '',
      path: request.url ?? '',
      copiedFrom: request.headers['x-amz-copy-source']?.toString(),
      index: requests.length,
      receivedBytes: () => received,
    };
    requests.push(seen);
    const onBytes = (bytes: number): void => void (received += bytes);
    const fault = current?.(seen);
    if (fault?.kind === 'refuse') request.socket.destroy();
    else if (fault?.kind === 'ignore') request.resume();
    else if (fault?.kind === 'answer') answer(request, response, fault);
    else forward(upstream, agent, request, response, { fault, onBytes });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    setPlan: (next) => (current = next),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      agent.destroy();
    },
  };
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { status, code = 'SlowDown', body }: Extract<Fault, { kind: 'answer' }>,
): void {
  request.resume();
  const text = body ?? `<Error><Code>${code}</Code><Message>Made by the proxy.</Message></Error>`;
  response.writeHead(status, { 'content-length': Buffer.byteLength(text) });
  response.end(request.method === 'HEAD' ? undefined : text);
}

interface Forwarding {
  fault: Exclude<Fault, { kind: 'refuse' | 'ignore' | 'answer' }> | undefined;
  onBytes: (bytes: number) => void;
}

function forward(
  upstream: string,
  agent: http.Agent,
  request: IncomingMessage,
  response: ServerResponse,
  { fault, onBytes }: Forwarding,
): void {
  const { hostname, port } = new URL(upstream);
  const headers = { ...request.headers };
  // Answered here already; node would send the other headers in another encoding beside it.
  delete headers.expect;
  const options = { hostname, port, agent, path: request.url, method: request.method, headers };
  const passedOn = http.request(options, (answered) => {
    if (fault?.kind === 'lose') {
      answered.resume().on('end', () => request.socket.destroy());
      return;
    }
    response.writeHead(answered.statusCode ?? 502, answered.rawHeaders);
    answered.on('data', (chunk: Buffer) => onBytes(chunk.length));
    if (fault?.kind === 'cut' || fault?.kind === 'stall') passUntil(answered, response, fault);
    else answered.pipe(response);
  });
  passedOn.on('error', () => request.socket.destroy());
  request.on('error', () => passedOn.destroy());
  if (fault?.kind === 'cut-upload' || fault?.kind === 'flip') tamper(request, passedOn, fault);
  else request.pipe(passedOn);
}

function tamper(
  request: IncomingMessage,
  passedOn: http.ClientRequest,
  fault: Extract<Fault, { kind: 'cut-upload' | 'flip' }>,
): void {
  let passed = 0;
  request.on('data', (chunk: Buffer) => {
    const at = fault.kind === 'flip' ? fault.byte - passed : -1;
    if (at >= 0 && at < chunk.length) chunk.writeUInt8(chunk.readUInt8(at) ^ 1, at);
    passed += chunk.length;
    passedOn.write(chunk);
    if (fault.kind === 'cut-upload' && passed >= fault.afterBytes) request.destroy();
  });
  request.on('end', () => passedOn.end());
}

function passUntil(
  answered: IncomingMessage,
  response: ServerResponse,
  { kind, afterBytes }: Extract<Fault, { kind: 'cut' | 'stall' }>,
): void {
  let left = afterBytes;
  answered.on('data', (chunk: Buffer) => {
    response.write(chunk.subarray(0, left));
    left -= chunk.length;
    if (left > 0) return;
    answered.destroy();
    // What was written goes out first: this is about a body that breaks, not one that never came.
    if (kind === 'cut') setImmediate(() => response.socket?.destroySoon());
  });
  // A short body may have ended before it is broken off, which must not make its answer whole.
  answered.on('end', () => {
    if (left > 0) response.end();
  });
  answered.on('error', () => undefined);
}
