import { isIPv4, isIPv6 } from 'node:net';
import { MangamotionError } from '../../errors.js';

/**
 * The address to listen on. `host` is `undefined` for every address of this machine; port 0 is any free
 * port.
 */
export interface ListenAddress {
  host: string | undefined;
  port: number;
}

/** A bare port listens on this machine only; a colon in front of it opens it to others. */
const LOOPBACK = '127.0.0.1';

/** Reads `127.0.0.1:9464`, `[::1]:9464`, `name:9464`, `:9464` (every address) or `9464` (this machine). */
export function parseListen(text: string): ListenAddress {
  const [, colon, ipv6, name, digits = ''] =
    /^((?:\[([^[\]]*)\]|([^[\]:]*)):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === '' || !isHost(ipv6, name)) {
    throw new MangamotionError(
      'usage',
      'must be an address to listen on, such as 127.0.0.1:9464, [::1]:9464 or :9464',
    );
  }
  if (port > 65_535) throw new MangamotionError('usage', 'must have a port from 0 to 65535');
  if (colon === undefined) return { host: LOOPBACK, port };
  return { host: ipv6 ?? (name === '' ? undefined : name), port };
}

/** Returns the address for messages. */
export function listenText({ host, port }: ListenAddress): string {
  if (host === undefined) return `port ${port}`;
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

function isHost(ipv6: string | undefined, name: string | undefined): boolean {
  if (ipv6 !== undefined) return isIPv6(ipv6);
  if (name === undefined || name === '') return true;
  // Digits and dots alone are an address: a wrong one must not go to a name server.
  if (/^[\d.]+$/.test(name)) return isIPv4(name);
  return name.length <= 253 && /^[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9.])?$/i.test(name);
}
