import { describe, expect, it } from 'vitest';
import { parseProxyUrl, proxyFor, secretsOfProxy } from '../../../src/config/proxy.js';
import { redact, secretsOf } from '../../../src/config/redact.js';

const proxies = (noProxy?: string) => ({
  http: { text: 'http://one:3128', setting: 'HTTP_PROXY' },
  https: { text: 'http://two:3128', setting: 'HTTPS_PROXY' },
  noProxy,
});

function wayTo(host: string, noProxy?: string, port = 9000): string | undefined {
  return proxyFor({ host, port, useTls: false }, proxies(noProxy))?.url;
}

describe('the proxy', () => {
  it('is that of the scheme', () => {
    expect(wayTo('store.example')).toBe('http://one:3128');
    const secure = { host: 'store.example', port: 443, useTls: true };
    expect(proxyFor(secure, proxies())?.url).toBe('http://two:3128');
    expect(proxyFor(secure, { ...proxies(), https: undefined })).toBeUndefined();
  });

  it.each(['localhost', 'LOCALHOST', 'a.localhost', '127.0.0.1', '127.9.9.9', '::1'])(
    'is never asked for this machine: %s',
    (host) => expect(wayTo(host)).toBeUndefined(),
  );

  it.each([
    ['*', 'h.example', true],
    ['h.example', 'h.example', true],
    ['h.example', 'H.Example', true],
    ['example', 'h.example', true],
    ['.example', 'h.example', true],
    ['*.example', 'h.example', true],
    ['a, h.example b', 'h.example', true],
    ['h.example:9000', 'h.example', true],
    ['h.example:9001', 'h.example', false],
    ['ample', 'h.example', false],
    ['10.0.0.0/8', '10.1.2.3', true],
    ['10.0.0.0/8', '11.1.2.3', false],
    ['10.1.2.3', '10.1.2.3', true],
    ['fd00::/8', 'fd00::1', true],
    ['[fd00::1]:9000', 'fd00::1', true],
    ['fd00::1', 'fd00::2', false],
    ['10.0.0.0/99', '10.1.2.3', false],
    [',', 'h.example', false],
  ])('is left out by NO_PROXY=%s for %s: %s', (noProxy, host, isExempt) => {
    expect(wayTo(host, noProxy) === undefined).toBe(isExempt);
  });

  it.each([
    ['proxy:3128', 'http://proxy:3128'],
    ['http://proxy', 'http://proxy:80'],
    ['https://proxy', 'https://proxy:443'],
    ['http://[::1]:3128/', 'http://[::1]:3128'],
  ])('%s is understood', (text, url) => {
    expect(parseProxyUrl(text)).toEqual({ url, authorization: undefined });
  });

  it('gets the login of its URL, decoded', () => {
    const authorization = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;
    expect(parseProxyUrl('http://me:p%40ss@proxy')).toMatchObject({ authorization });
  });

  it.each(['socks5://h', 'http://', 'http://h:99999', 'ftp://h'])('%s is refused', (text) => {
    const where = { http: { text, setting: 'http_proxy' }, https: undefined, noProxy: 'x' };
    expect(() => proxyFor({ host: 'h', port: 80, useTls: false }, where)).toThrow(/^http_proxy: /);
    expect(proxyFor({ host: 'x', port: 80, useTls: false }, where)).toBeUndefined();
  });

  it('has a secret that is not shown', () => {
    expect(secretsOfProxy('http://me:p%40ss@proxy:1')).toEqual(['p%40ss', 'p@ss']);
    expect(secretsOfProxy('http://token@proxy')).toEqual(['token', 'token']);
    expect(secretsOfProxy('http://proxy:3128')).toEqual([]);
    const secrets = secretsOf({ https_proxy: 'me:hush-hush@proxy:1' });
    expect(redact('no answer, said hush-hush', secrets)).toBe('no answer, said [redacted]');
  });
});
