import type { AgentOptions, RequestOptions } from 'node:https';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { HttpsProxyAgent } from 'hpagent';
import { PROXY_REFUSED } from '../store-errors.js';

/** An HTTP proxy on the way to a store. */
export interface StoreProxy {
  /** `http://host:port`, without a login. */
  url: string;
  /** The value of Proxy-Authorization. */
  authorization: string | undefined;
}

/** The proxy answered instead of the store. */
class ProxyError extends Error {
  readonly code: string;

  constructor(message: string) {
    super(message);
    const status = /\d{3}$/.exec(message)?.[0] ?? '';
    this.code = status.startsWith('4') ? PROXY_REFUSED : 'EPROXY';
  }
}

/**
 * The headers of a request that is sent to the proxy itself, without a tunnel. A proxy for plain HTTP
 * takes the whole URL in place of the path.
 */
export function proxyHeaders({ authorization }: StoreProxy): Record<string, string> {
  return authorization === undefined ? {} : { 'proxy-authorization': authorization };
}

interface TunnelOptions {
  agent: AgentOptions;
  proxy: StoreProxy;
  connectTimeoutMs: number;
  idleTimeoutMs: number;
}

type OnSocket = (error: Error | null, socket: Duplex) => void;

/** Reaches a server with TLS through CONNECT. */
export class TunnelAgent extends HttpsProxyAgent {
  readonly #options: TunnelOptions;

  constructor(options: TunnelOptions) {
    const { proxy, agent } = options;
    const proxyRequestOptions = { headers: proxyHeaders(proxy) };
    super({ ...agent, proxy: proxy.url, proxyRequestOptions });
    this.#options = options;
  }

  override createConnection(options: RequestOptions, callback?: OnSocket): undefined {
    const { connectTimeoutMs, idleTimeoutMs, proxy } = this.#options;
    super.createConnection({ ...options, timeout: connectTimeoutMs }, (error, socket) => {
      if (error === null && socket instanceof Socket) socket.setTimeout(idleTimeoutMs);
      callback?.(error === null ? null : explained(error, proxy), socket);
    });
    return undefined;
  }
}

/** The error for a proxy that wants another login, or any. */
export function proxyRefusal({ url }: StoreProxy): Error {
  return new ProxyError(`the proxy ${url} answered 407`);
}

/** The package's own errors have no code. */
function explained(error: Error, { url }: StoreProxy): Error {
  const status = /^Bad response: (\d+)$/.exec(error.message)?.[1];
  if (status !== undefined) return new ProxyError(`the proxy ${url} answered ${status}`);
  if (error.message === 'Proxy timeout') return new ProxyError(`the proxy ${url} does not answer`);
  return error;
}
