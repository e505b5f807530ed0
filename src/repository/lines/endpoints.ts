/** Normalises the endpoints of object stores. Pure. */

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/**
 * Returns the server of an endpoint as `host:port` in lower case: loopback names are equal, and
 * default ports are added. Text that is not a URL stays as it is.
 */
export function serverOf(endpoint: string): string {
  const url = parse(endpoint);
  if (url === undefined) return endpoint.toLowerCase();
  const host = LOOPBACK.has(url.hostname) ? '127.0.0.1' : url.hostname;
  const port = url.port === '' ? DEFAULT_PORTS[url.protocol] : url.port;
  return `${host}:${port ?? ''}${url.pathname.replace(/\/+$/, '')}`;
}

export function isSameServer(a: string, b: string): boolean {
  return serverOf(a) === serverOf(b);
}

/** Returns `HOST:PORT`, or `HOST` if the port is a default one. */
export function displayServer(server: string): string {
  return server.replace(/:(80|443)?(?=\/|$)/, '');
}

function parse(endpoint: string): URL | undefined {
  const text = endpoint.toLowerCase();
  const url = /^https?:\/\//.test(text) ? text : `http://${text}`;
  return URL.canParse(url) ? new URL(url) : undefined;
}
