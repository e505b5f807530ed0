import fc from 'fast-check';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { RedisAddress } from '../../../src/config/redis-address.js';
import { parseRedisUrl, redisAddressText } from '../../../src/config/redis-address.js';

/** The address with its password in sight. */
function read(url: string) {
  const address = parseRedisUrl(url);
  if (typeof address === 'string') return address;
  return { ...address, password: address.password?.reveal() };
}

const at = (host: string, port: number, useTls = false) =>
  ({ kind: 'server', host, port, useTls }) as const;
const noLogin = { username: undefined, password: undefined };

describe('the address of a server', () => {
  it.each([
    ['redis://127.0.0.1:6379', at('127.0.0.1', 6379), 0],
    ['redis://redis', at('redis', 6379), 0],
    ['redis://redis/', at('redis', 6379), 0],
    ['REDIS://Redis_1:1/15', at('Redis_1', 1), 15],
    ['rediss://redis.example.com:65535/2', at('redis.example.com', 65535, true), 2],
    ['redis://[::1]', at('::1', 6379), 0],
    ['rediss://[2001:db8::1]:6380/3', at('2001:db8::1', 6380, true), 3],
    ['redis://h?db=4', at('h', 6379), 4],
    ['redis://h/5?db=4', at('h', 6379), 5],
  ])('%s is understood', (url, place, db) => {
    expect(read(url)).toEqual({ at: place, ...noLogin, db });
  });
});

describe('the login', () => {
  it.each([
    ['redis://:secret@h', undefined, 'secret'],
    ['redis://user:secret@h', 'user', 'secret'],
    ['redis://user@h', 'user', undefined],
    ['redis://@h', undefined, undefined],
    ['redis://u%40x:p%40ss%3Aw%2F%25@h', 'u@x', 'p@ss:w/%'],
    ['redis://user:a:b:c@h', 'user', 'a:b:c'],
    // As people write it, though a URL would want these encoded.
    ['redis://:a/b?c#d@h', undefined, 'a/b?c#d'],
    ['redis://:p%C3%A9%20漫@h', undefined, 'pé 漫'],
  ])('of %s is taken apart', (url, username, password) => {
    expect(read(url)).toEqual({ at: at('h', 6379), username, password, db: 0 });
  });

  it('is shown neither by the address nor by its text', () => {
    const address = parseRedisUrl('redis://someone:hunter22@h/1') as RedisAddress;
    expect(redisAddressText(address)).toBe('h:6379, database 1');
    expect(inspect(address, { depth: 9 }) + JSON.stringify(address)).not.toContain('hunter22');
  });
});

describe('the address of a socket', () => {
  it.each([
    ['unix:/run/redis.sock', '/run/redis.sock', undefined, 0],
    ['unix:///run/redis.sock?db=3', '/run/redis.sock', undefined, 3],
    ['unix://:p%40ss@/run/redis.sock?db=1', '/run/redis.sock', 'p@ss', 1],
    ['unix://:pa/ss@/run/redis.sock', '/run/redis.sock', 'pa/ss', 0],
    ['unix:/run/a@b:c/redis.sock', '/run/a@b:c/redis.sock', undefined, 0],
    ['unix:///run/a@b/redis.sock', '/run/a@b/redis.sock', undefined, 0],
  ])('%s is understood', (url, path, password, db) => {
    expect(read(url)).toEqual({ at: { kind: 'socket', path }, username: undefined, password, db });
  });
});

describe('the address of sentinels', () => {
  it.each([
    ['redis-sentinel://a/mymaster', [['a', 26379]], 'mymaster', 0],
    [
      'redis-sentinel://a:1,b,[::1]:3/my%20master/2',
      [
        ['a', 1],
        ['b', 26379],
        ['::1', 3],
      ],
      'my master',
      2,
    ],
    [
      'redis-sentinel://a,[fe80::1]/m?db=7',
      [
        ['a', 26379],
        ['fe80::1', 26379],
      ],
      'm',
      7,
    ],
  ] as [string, [string, number][], string, number][])(
    '%s is understood',
    (url, hosts, master, db) => {
      const sentinels = hosts.map(([host, port]) => ({ host, port }));
      expect(read(url)).toEqual({ at: { kind: 'sentinels', sentinels, master }, ...noLogin, db });
    },
  );

  it('has the login before the first of them', () => {
    const url = 'redis-sentinel://u:p%40@a,b/m';
    expect(read(url)).toMatchObject({ username: 'u', password: 'p@', at: { master: 'm' } });
  });
});

describe('what is said of an address', () => {
  it.each([
    ['redis://[::1]:7/0', '[::1]:7'],
    ['unix:/run/redis.sock?db=2', '/run/redis.sock, database 2'],
    ['redis-sentinel://a:1,[::1]/m/3', 'master m of the sentinels a:1, [::1]:26379, database 3'],
  ])('%s is %s', (url, text) => {
    expect(redisAddressText(parseRedisUrl(url) as RedisAddress)).toBe(text);
  });
});

describe('a wrong address', () => {
  it.each([
    ['', /begins with redis:\/\//],
    ['h:6379', /begins with/],
    ['http://h', /begins with/],
    [' redis://h', /begins with/],
    ['redis:h', /must have a host, as in redis:\/\/host:port/],
    ['redis://', /must have a host/],
    ['rediss:///1', /must have a host, as in rediss:\/\/host:port/],
    ['redis://h#1', /must have a host/],
    ['redis://:p@ss@h', /@ in a password only as %40/],
    ['redis://h:0', /port from 1 to 65535/],
    ['redis://h:65536', /port from 1 to 65535/],
    ['redis://h:number', /port from 1 to 65535/],
    ['rediss://[::1]:', /port from 1 to 65535/],
    ['redis-sentinel://h,h:100000/m', /port from 1 to 65535/],
    ['redis://h:port', /port from 1 to 65535/],
    ['redis://::1', /must name its host as/],
    ['redis://[::zz]', /must name its host as/],
    ['redis://a b', /must name its host as/],
    ['redis-sentinel://a,,b/m', /must name its host as/],
    ['redis-sentinel://a,b', /must name the master/],
    ['redis-sentinel://a,b/', /must name the master/],
    ['redis://a,b', /must name one host/],
    ['redis://h/x', /must end in the number of a database/],
    ['redis://h/-1', /must end in the number of a database/],
    ['redis://h/1234567', /must end in the number of a database/],
    ['redis://h/0/1', /must end in the number of a database/],
    ['redis-sentinel://a/m/x', /must end in the number of a database/],
    ['unix:/run/redis.sock?db=one', /must end in the number of a database/],
    ['redis://h?password=x', /must not have a query but \?db=/],
    ['unix:/run/redis.sock?db=1&x=2', /must not have a query but \?db=/],
    ['redis://:100%@h', /% in it only as %25/],
    ['unix://:100%@/run/redis.sock', /% in it only as %25/],
    ['redis://h/%', /% in it only as %25/],
    ['unix:redis.sock', /must have the path of a socket/],
    ['unix://run/redis.sock', /must have the path of a socket/],
    ['unix://:p@ss@/run/redis.sock', /must have the path of a socket/],
  ])('%s is refused', (url, problem) => {
    expect(parseRedisUrl(url)).toMatch(problem);
  });

  it('never shows a password, however it was written', () => {
    const parts = fc.array(fc.constantFrom('@', ':', '/', '?', '#', '%', ',', '=', '&', '0'), {
      maxLength: 3,
    });
    // Each part of it is a word that stands nowhere else.
    const passwords = fc
      .tuple(parts, parts)
      .map(([a, b]) => `hunter${a.join('')}secret${b.join('')}`);
    const urls = fc.constantFrom<(password: string) => string>(
      (password) => `redis://:${password}@h:1/0`,
      (password) => `rediss://me:${password}@h/x`,
      (password) => `redis://h?password=${password}`,
      (password) => `unix://:${password}@/run/redis.sock`,
      (password) => `unix:${password}@/run/redis.sock?x=1`,
      (password) => `redis-sentinel://:${password}@a,b/m/0`,
      (password) => `http://:${password}@h`,
    );
    fc.assert(
      fc.property(urls, passwords, (urlWith, password) => {
        const address = parseRedisUrl(urlWith(password));
        const shown = typeof address === 'string' ? address : redisAddressText(address);
        // The half after an @ that was not encoded is a host, for all that anyone can tell.
        expect(shown).not.toMatch(password.includes('@') ? /hunter/ : /hunter|secret/);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a URL that is put together', () => {
  it('is read as what it was made of', () => {
    const name = fc.stringMatching(/^[a-z0-9_.-]{1,20}$/);
    const ipv6 = fc.ipV6().map((host) => ({ host, written: `[${host}]` }));
    const host = fc.oneof(
      name.map((host) => ({ host, written: host })),
      ipv6,
    );
    const port = fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined });
    const hosts = fc.array(fc.tuple(host, port), { minLength: 1, maxLength: 4 });
    const text = fc.option(fc.string({ unit: 'grapheme', minLength: 1 }), { nil: undefined });
    const db = fc.integer({ min: 0, max: 999_999 });
    const scheme = fc.constantFrom('redis', 'rediss', 'redis-sentinel');
    const master = fc.string({ unit: 'grapheme', minLength: 1 });
    fc.assert(
      fc.property(
        scheme,
        hosts,
        text,
        text,
        master,
        db,
        (scheme, hosts, username, password, master, db) => {
          const isSentinel = scheme === 'redis-sentinel';
          const named = isSentinel ? hosts : hosts.slice(0, 1);
          const login = [username ?? '', ...(password === undefined ? [] : [password])]
            .map(encodeURIComponent)
            .join(':');
          const places = named
            .map(([{ written }, port]) => (port === undefined ? written : `${written}:${port}`))
            .join(',');
          const path = [...(isSentinel ? [encodeURIComponent(master)] : []), db].join('/');
          const servers = named.map(([{ host }, port]) => ({
            host,
            port: port ?? (isSentinel ? 26_379 : 6379),
          }));
          expect(read(`${scheme}://${login}@${places}/${path}`)).toEqual({
            at: isSentinel
              ? { kind: 'sentinels', sentinels: servers, master }
              : { kind: 'server', ...servers[0], useTls: scheme === 'rediss' },
            username,
            password,
            db,
          });
        },
      ),
      { numRuns: 500 },
    );
  });
});
