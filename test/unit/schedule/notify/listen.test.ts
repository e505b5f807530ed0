import { describe, expect, it } from 'vitest';
import { listenText, parseListen } from '../../../../src/schedule/notify/listen.js';

describe('an address to listen on', () => {
  it.each([
    ['127.0.0.1:9464', '127.0.0.1', 9464],
    ['0.0.0.0:1', '0.0.0.0', 1],
    [':9464', undefined, 9464],
    ['9464', '127.0.0.1', 9464],
    ['0', '127.0.0.1', 0],
    ['[::1]:9464', '::1', 9464],
    ['[::]:65535', '::', 65_535],
    ['localhost:9464', 'localhost', 9464],
    ['node-1.example.com:9464', 'node-1.example.com', 9464],
  ])('%s', (text, host, port) => {
    expect(parseListen(text)).toEqual({ host, port });
  });

  it.each([
    '',
    ':',
    'localhost',
    'localhost:',
    '127.0.0.1',
    '127.0.0:9464',
    '256.0.0.1:9464',
    '::1:9464',
    '[::1]',
    '[::1]9464',
    '[127.0.0.1]:9464',
    '[]:9464',
    'http://localhost:9464',
    'localhost:9464/metrics',
    'a b:9464',
    '-a:9464',
    'localhost:+9464',
    'localhost:94640000',
    '9464\n',
    '94e2',
  ])('is not %j', (text) => {
    expect(() => parseListen(text)).toThrow(
      expect.objectContaining({
        code: 'usage',
        message: 'must be an address to listen on, such as 127.0.0.1:9464, [::1]:9464 or :9464',
      }),
    );
  });

  it('has no port above 65535', () => {
    expect(() => parseListen(':65536')).toThrow('must have a port from 0 to 65535');
  });

  it('is told as it is written', () => {
    for (const text of ['127.0.0.1:9464', '[::1]:9464', 'localhost:9464']) {
      expect(listenText(parseListen(text))).toBe(text);
    }
    expect(listenText(parseListen(':9464'))).toBe('port 9464');
  });
});
