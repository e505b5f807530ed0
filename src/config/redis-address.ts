import { Secret } from './secret.js';

/** Where Redis is, and how to log in to it. */
export interface RedisAddress {
  /** A server, a socket, or the sentinels that know which server is the master. */
  at:
    | { kind: 'server'; host: string; port: number; useTls: boolean }
    | { kind: 'socket'; path: string }
    | { kind: 'sentinels'; sentinels: readonly { host: string; port: number }[]; master: string };
  username: string | undefined;
  password: Secret | undefined;
  db: number;
}

const SERVER_PORT = 6379;
const SENTINEL_PORT = 26_379;

/**
 * Reads `redis://user:password@host:port/db`, `rediss://…` (TLS), `unix:/path?db=1` or
 * `redis-sentinel://user:password@host1:port,host2/master/db`. Returns what is wrong (`must …`) for
 * anything else, without repeating it: there may be a password in it.
 */
export function parseRedisUrl(text: string): RedisAddress | string {
  const [, scheme, rest = ''] = /^(redis|rediss|redis-sentinel|unix):(.*)$/is.exec(text) ?? [];
  if (scheme === undefined) {
    return 'must be a URL that begins with redis://, rediss://, unix: or redis-sentinel://';
  }
  if (scheme.toLowerCase() === 'unix') return socketAddress(rest);
  // An @ after the login is refused: it may be of the password, whose rest would pass for a name.
  const parts = /^\/\/(?:([^@]*)@)?([^@/?#]+)((?:\/[^/?#@]*)*)(\?[^#@]*)?$/s.exec(rest);
  if (parts === null) {
    return `must have a host, as in ${scheme.toLowerCase()}://host:port, and @ in a password only as %40`;
  }
  const [, login, hosts = '', path = '', query] = parts;
  const segments = path.split('/').slice(1).map(decoded);
  const found = credentials(login);
  if (found === undefined || segments.includes(undefined)) return 'must have % in it only as %25';
  const names = segments.filter((segment) => segment !== undefined && segment !== '') as string[];
  const isSentinel = scheme.toLowerCase() === 'redis-sentinel';
  const master = isSentinel ? names.shift() : undefined;
  const db = databaseOf(names, query);
  if (typeof db === 'string') return db;
  const servers = hosts.split(',').map((host) => {
    return serverOf(host, isSentinel ? SENTINEL_PORT : SERVER_PORT);
  });
  const wrong = servers.find((server) => typeof server === 'string');
  if (wrong !== undefined) return wrong;
  const sentinels = servers.filter((server) => typeof server !== 'string');
  const [server] = sentinels;
  if (server === undefined) return WRONG_HOST;
  if (isSentinel) {
    if (master === undefined) return 'must name the master: redis-sentinel://host1,host2/master/db';
    return { at: { kind: 'sentinels', sentinels, master }, ...found, db };
  }
  if (sentinels.length > 1) return 'must name one host (several only with redis-sentinel://)';
  const useTls = scheme.toLowerCase() === 'rediss';
  return { at: { kind: 'server', ...server, useTls }, ...found, db };
}

/** What may be said of an address: no password, no user. */
export function redisAddressText({ at, db }: RedisAddress): string {
  const database = db === 0 ? '' : `, database ${db}`;
  if (at.kind === 'socket') return `${at.path}${database}`;
  if (at.kind === 'sentinels') {
    return `master ${at.master} of the sentinels ${at.sentinels.map(hostPort).join(', ')}${database}`;
  }
  return `${hostPort(at)}${database}`;
}

function hostPort({ host, port }: { host: string; port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function socketAddress(rest: string): RedisAddress | string {
  const [, login, path, query] =
    /^(?:\/\/)?(?:([^@/][^@]*)?@)?(\/(?!\/)[^?]*)(\?.*)?$/s.exec(rest) ?? [];
  if (path === undefined) return 'must have the path of a socket, as in unix:/run/redis.sock';
  const found = credentials(login);
  if (found === undefined) return 'must have % in it only as %25';
  const db = databaseOf([], query);
  return typeof db === 'string' ? db : { at: { kind: 'socket', path }, ...found, db };
}

/** `/db` of the path, else `?db=` of the query. */
function databaseOf(path: readonly string[], query: string | undefined): number | string {
  const inQuery = new URLSearchParams(query);
  for (const name of inQuery.keys()) {
    if (name !== 'db') return 'must not have a query but ?db=';
  }
  const text = path[0] ?? inQuery.get('db') ?? '0';
  const isNumber = /^\d{1,6}$/.test(text);
  return path.length > 1 || !isNumber ? 'must end in the number of a database' : Number(text);
}

function credentials(
  login: string | undefined,
): Pick<RedisAddress, 'username' | 'password'> | undefined {
  const [user = '', ...more] = (login ?? '').split(':');
  const username = decoded(user);
  const password = decoded(more.join(':'));
  if (username === undefined || password === undefined) return undefined;
  return {
    username: username === '' ? undefined : username,
    password: password === '' ? undefined : new Secret(password),
  };
}

const WRONG_HOST = 'must name its host as name, name:port or [IPv6]:port';

/** Returns what is wrong (`must …`) where the text is no host with or without a port. */
function serverOf(text: string, defaultPort: number): { host: string; port: number } | string {
  const [, ipv6, name, port] =
    /^(?:\[([0-9a-f:.]+)\]|([^[\]:\s]+))(?::([^:[\]]*))?$/i.exec(text) ?? [];
  const host = ipv6 ?? name;
  if (host === undefined) return WRONG_HOST;
  if (port === undefined) return { host, port: defaultPort };
  const isPort = /^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535;
  return isPort ? { host, port: Number(port) } : 'must have a port from 1 to 65535';
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
