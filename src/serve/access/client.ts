import { BlockList, isIP } from 'node:net';
import { MangamotionError } from '../../errors.js';
import { withoutMapping } from './hosts.js';

/** Proxies whose X-User-ID and X-Forwarded-* are trusted. */
export interface Proxies {
  includes(address: string): boolean;
  /** There are some. */
  isNamed: boolean;
}

/** Reads addresses and networks such as `10.0.0.0/8`. Throws `usage`. */
export function readProxies(texts: readonly string[]): Proxies {
  const list = new BlockList();
  for (const text of texts) {
    const [address = '', prefix, more] = text.split('/');
    const version = isIP(address);
    const bits = version === 4 ? 32 : 128;
    const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
    if (version === 0 || more !== undefined || length < 0 || length > bits) {
      const what = 'must be the address of a proxy or a network, such as 10.0.0.7 or 10.0.0.0/8';
      throw new MangamotionError('usage', `${text} ${what}`);
    }
    list.addSubnet(address, length, version === 4 ? 'ipv4' : 'ipv6');
  }
  return {
    isNamed: texts.length > 0,
    includes: (text) => {
      if (texts.length === 0) return false;
      const address = withoutMapping(text);
      const version = isIP(address);
      return version !== 0 && list.check(address, version === 4 ? 'ipv4' : 'ipv6');
    },
  };
}

/**
 * Returns the client's address: the last one in X-Forwarded-For that is not a trusted proxy, if the
 * connection comes from one. What stands before it was written by whoever sent the request.
 */
export function clientAddress(
  remoteAddress: string,
  forwardedFor: string | undefined,
  proxies: Proxies,
): string {
  let address = withoutMapping(remoteAddress);
  const hops = (forwardedFor ?? '').split(',').map((hop) => hop.trim());
  while (proxies.includes(address)) {
    const previous = hops.pop();
    if (previous === undefined || isIP(previous) === 0) break;
    address = withoutMapping(previous);
  }
  return address;
}
