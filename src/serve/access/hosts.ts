import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

const LOOPBACK_NAMES = new Set(['localhost', '127.0.0.1', '::1']);

/**
 * Whether a request may name this host. Where nobody has to log in, a page of another site could point
 * its own name at this machine (DNS rebinding) and read everything. So only the address that the
 * connection was made to, names of loopback for such an address, and names given at start are accepted.
 */
export function isOurHost(
  header: string | undefined,
  localAddress: string,
  names: ReadonlySet<string>,
): boolean {
  const name = hostName(header);
  if (name === undefined) return false;
  if (names.has(name)) return true;
  const local = withoutMapping(localAddress);
  return name === local || (isLoopback(local) && LOOPBACK_NAMES.has(name));
}

/** Returns the host that a request names: with a whole URL, that of the URL (RFC 9112, 3.2.2). */
export function requestedHost({
  url = '',
  headers,
}: Pick<IncomingMessage, 'url' | 'headers'>): string | undefined {
  const [, authority] = /^https?:\/\/([^/?#]*)/i.exec(url) ?? [];
  return authority ?? headers.host;
}

/** Returns the name or address of a Host header, without its port; `undefined` if it is none. */
function hostName(header: string | undefined): string | undefined {
  const [, ipv6, name] = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::\d{1,5})?$/i.exec(header ?? '') ?? [];
  return (ipv6 ?? name)?.toLowerCase();
}

/** An IPv4 address of a socket that takes both versions has the form `::ffff:127.0.0.1`. */
export function withoutMapping(address: string): string {
  const mapped = /^::ffff:(.*)$/i.exec(address)?.[1];
  return mapped !== undefined && isIP(mapped) === 4 ? mapped : address;
}

export function isLoopback(address: string): boolean {
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}
