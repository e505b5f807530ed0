import { BlockList, isIP } from 'node:net';
import { MangamotionError } from '../errors.js';

/** HTTP proxies by the scheme of what is asked for, and what is reached without one. */
export interface ProxySettings {
  http: ProxyUrl | undefined;
  https: ProxyUrl | undefined;
  noProxy: string | undefined;
}

interface ProxyUrl {
  text: string;
  /** The name of the setting. */
  setting: string;
}

export interface Proxy {
  /** `http://host:port`, without a login. */
  url: string;
  /** The value of Proxy-Authorization. */
  authorization: string | undefined;
  /** The setting that names it. */
  setting: string;
}

interface Target {
  /** A name, or an address without brackets. */
  host: string;
  port: number;
  useTls: boolean;
}

/**
 * The proxy for a server, as curl and Go choose it; `undefined`: none. This machine is never reached
 * through one. Rejects a URL that is not of an HTTP proxy with `configuration`, where it would be used.
 */
export function proxyFor(target: Target, proxies: ProxySettings): Proxy | undefined {
  const { text, setting } = (target.useTls ? proxies.https : proxies.http) ?? {};
  if (text === undefined || setting === undefined) return undefined;
  if (isLoopback(target.host) || isExempt(target, proxies.noProxy ?? '')) return undefined;
  const proxy = parseProxyUrl(text);
  if (typeof proxy !== 'string') return { ...proxy, setting };
  throw new MangamotionError('configuration', `${setting}: ${proxy}`, {
    hint: `unset ${setting}, or name hosts that need no proxy in NO_PROXY`,
  });
}

/** Without a scheme it is http. Returns what is wrong (`must …`) without repeating it. */
export function parseProxyUrl(text: string): Omit<Proxy, 'setting'> | string {
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  if (!/^https?:/i.test(full)) return 'must be the URL of an HTTP proxy, http:// or https://';
  if (!URL.canParse(full)) return 'must be a URL such as http://proxy:3128';
  const { protocol, hostname, port, username, password } = new URL(full);
  const login = `${decoded(username)}:${decoded(password)}`;
  return {
    url: `${protocol}//${hostname}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`,
    authorization: login === ':' ? undefined : `Basic ${Buffer.from(login).toString('base64')}`,
  };
}

/** What of a proxy's URL must not be shown. A user without a password is a token. */
export function secretsOfProxy(text: string | undefined): string[] {
  const [, login] = /^(?:[a-z][a-z0-9+.-]*:\/\/)?([^/?#]*)@/i.exec(text ?? '') ?? [];
  if (login === undefined) return [];
  const colon = login.indexOf(':');
  const secret = login.slice(colon + 1);
  return [secret, decoded(secret)];
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

function isLoopback(host: string): boolean {
  if (isIP(host) !== 0) return isIn(loopback, host);
  return /^(?:.+\.)?localhost\.?$/i.test(host);
}

/** NO_PROXY: names (with all below them), addresses, networks (10.0.0.0/8), each with a port or not, or `*`. */
function isExempt({ host, port }: Target, noProxy: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      if (entry === '*') return true;
      const [, bracketed, plain = '', only] =
        /^(?:\[([^\]]*)\]|([^:]*|[^:]*:[^:]*:.*?))(?::(\d+))?$/.exec(entry) ?? [];
      if (only !== undefined && Number(only) !== port) return false;
      const pattern = (bracketed ?? plain).replace(/^\*?\./, '');
      if (pattern === '') return false;
      return name === pattern || name.endsWith(`.${pattern}`) || isInNetwork(name, pattern);
    });
}

function isInNetwork(host: string, pattern: string): boolean {
  const [address = '', bits, ...more] = pattern.split('/');
  const family = isIP(address);
  if (family === 0 || isIP(host) === 0 || more.length > 0) return false;
  const most = family === 4 ? 32 : 128;
  const prefix = bits === undefined ? most : Number(bits);
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > most) return false;
  const network = new BlockList();
  network.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
  return isIn(network, host);
}

function isIn(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
