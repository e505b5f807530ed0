/** Normalises endpoints of object stores, so that different spellings of one server are equal. */

/** This machine by its usual names. */
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/**
 * The server behind an endpoint, as `host:port` in lower case, so that equal texts mean one server:
 * the loopback names are one, and a port that the scheme implies is written out. A text that is no
 * URL stands for itself.
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

/** `HOST`, or `HOST:PORT` where the port is none of those that schemes imply. */
export function displayServer(server: string): string {
  return server.replace(/:(80|443)?(?=\/|$)/, '');
}

function parse(endpoint: string): URL | undefined {
  const text = endpoint.toLowerCase();
  const url = /^https?:\/\//.test(text) ? text : `http://${text}`;
  return URL.canParse(url) ? new URL(url) : undefined;
}
