/** Where a store listens. `host` is a name, an IPv4 address or an IPv6 address without brackets. */
export interface StoreAddress {
  host: string;
  port: number;
  useTls: boolean;
}

/** An endpoint as it is written; `port` and `useTls` only where it names them. */
export interface Endpoint {
  host: string;
  port: number | undefined;
  useTls: boolean | undefined;
}

/**
 * Reads `host`, `host:port`, `[::1]:9000`, `::1`, `http://host` or `https://host:port/`.
 * Returns what is wrong (`must …`) for anything else.
 */
export function parseEndpoint(text: string): Endpoint | string {
  const [, scheme, rest = ''] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/is.exec(text) ?? [];
  if (scheme !== undefined && !/^https?$/i.test(scheme)) {
    return 'must begin with http:// or https://, where it is a URL';
  }
  if (rest.includes('@')) return 'must not hold a user or a password (they have own variables)';
  const authority = bracketed(rest.replace(/\/$/, ''));
  if (/[/?#\\\s]/.test(authority)) return 'must be no more than host and port';
  const [, host = '', port] = /^(\[[^\]]*\]|[^:[\]]*)(?::([^:[\]]*))?$/.exec(authority) ?? [];
  if (/^\d*$/.test(host) || !URL.canParse(`http://${host}`)) {
    return 'must be host, host:port or a URL';
  }
  if (port !== undefined && !isPort(port)) {
    return 'must have a port from 1 to 65535';
  }
  return {
    host: host.replace(/^\[|\]$/g, ''),
    port: port === undefined ? undefined : Number(port),
    useTls: scheme === undefined ? undefined : scheme.toLowerCase() === 'https',
  };
}

/** The address of an endpoint: a URL's scheme decides on TLS, TLS decides on the port. */
export function addressOf(
  endpoint: Endpoint,
  otherwise: { port: number | undefined; useTls: boolean },
): StoreAddress {
  const useTls = endpoint.useTls ?? otherwise.useTls;
  const port = endpoint.port ?? otherwise.port ?? (useTls ? 443 : 80);
  return { host: endpoint.host, port, useTls };
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}

/** `::1` is taken for an address, not for a host with a port. */
function bracketed(authority: string): string {
  const isBareIpv6 = /^[^[\]]*:[^[\]]*:[^[\]]*$/.test(authority);
  return isBareIpv6 ? `[${authority}]` : authority;
}
