import { describe, expect, it } from 'vitest';
import { addressOf, parseEndpoint } from '../../../src/config/store-address.js';

describe('an endpoint', () => {
  it.each([
    ['minio', 'minio', undefined, undefined],
    ['minio_1:9000', 'minio_1', 9000, undefined],
    ['10.0.0.1:80', '10.0.0.1', 80, undefined],
    ['[::1]:9000', '::1', 9000, undefined],
    ['[::1]', '::1', undefined, undefined],
    ['::1', '::1', undefined, undefined],
    ['fe80::1:9000', 'fe80::1:9000', undefined, undefined],
    ['http://minio', 'minio', undefined, false],
    ['HTTPS://Minio:443/', 'Minio', 443, true],
    ['https://[2001:db8::1]:9000', '2001:db8::1', 9000, true],
  ])('%s is understood', (text, host, port, useTls) => {
    expect(parseEndpoint(text)).toEqual({ host, port, useTls });
  });

  it.each([
    ['http://h/minio', /no more than host and port/],
    ['h/minio', /no more than host and port/],
    ['https://h?x=1', /no more than host and port/],
    ['h:0', /port from 1 to 65535/],
    ['h:65536', /port from 1 to 65535/],
    ['h:port', /port from 1 to 65535/],
    ['h:', /port from 1 to 65535/],
    ['h:-1', /port from 1 to 65535/],
    ['[::1]:99999', /port from 1 to 65535/],
    ['9000', /must be host, host:port or a URL/],
    [':9000', /must be host, host:port or a URL/],
    ['http://', /must be host, host:port or a URL/],
    ['[::zz]', /must be host, host:port or a URL/],
    ['s3://bucket', /must begin with http/],
    ['user:pass@h', /must not hold a user or a password/],
  ])('%s is refused', (text, problem) => {
    expect(parseEndpoint(text)).toMatch(problem);
  });
});

describe('an address', () => {
  const endpoint = { host: 'h', port: undefined, useTls: undefined };

  it('has the usual port of its protocol where nothing names one', () => {
    expect(addressOf(endpoint, { port: undefined, useTls: false }).port).toBe(80);
    expect(addressOf(endpoint, { port: undefined, useTls: true }).port).toBe(443);
    expect(addressOf({ ...endpoint, useTls: true }, { port: undefined, useTls: false }).port).toBe(
      443,
    );
  });

  it('takes its own port first', () => {
    expect(addressOf({ ...endpoint, port: 1 }, { port: 2, useTls: false }).port).toBe(1);
    expect(addressOf(endpoint, { port: 2, useTls: false }).port).toBe(2);
  });
});
