import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import type { ServeEnv } from '../../../src/serve/context.js';
import { chooseEncoding, pageEndpoints, type PageFiles } from '../../../src/serve/page-files.js';

describe('the encoding of a file', () => {
  it.each([
    [undefined, 'identity'],
    ['', 'identity'],
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip', 'gzip'],
    ['GZIP', 'gzip'],
    ['br;q=0, gzip;q=0.5', 'gzip'],
    ['br;q=0, *', 'gzip'],
    ['*', 'br'],
    ['*;q=0', 'identity'],
    ['identity, br;q=0.1', 'br'],
    ['deflate', 'identity'],
    ['br;q=x', 'identity'],
  ])('for %s is %s', (header, encoding) => {
    expect(chooseEncoding(header)).toBe(encoding);
  });
});

function file(name: string, type: string): PageFiles['document'] {
  const bytesOf = (encoding: string) => new TextEncoder().encode(`${name} as ${encoding}`);
  return {
    file: name,
    type,
    etag: `W/"${name}"`,
    bodies: { br: bytesOf('br'), gzip: bytesOf('gzip'), identity: bytesOf('identity') },
  };
}

const app = new Hono<ServeEnv>();
const endpoints = pageEndpoints({
  documentPaths: ['/', '/jobs', '/jobs/*'],
  document: file('index.html', 'text/html'),
  assets: new Map([['/assets/page-A1.js', file('page-A1.js', 'text/javascript')]]),
});
for (const { method, path, respond } of endpoints) app.on(method, path, respond);
const get = async (path: string, headers = {}) => await app.request(path, { headers });

describe('the files of the page', () => {
  it('are the document at each of its paths', async () => {
    for (const path of ['/', '/jobs', '/jobs/18627', '/jobs/a%2Fb']) {
      const response = await get(path);
      expect(await response.text()).toBe('index.html as identity');
      expect(response.headers.get('cache-control')).toBe('no-cache');
    }
  });

  it('are kept by browsers where their names hold a hash', async () => {
    const response = await get('/assets/page-A1.js', { 'accept-encoding': 'gzip, br' });
    expect(await response.text()).toBe('page-A1.js as br');
    expect(Object.fromEntries(response.headers)).toEqual({
      'cache-control': 'public, max-age=31536000, immutable',
      'content-encoding': 'br',
      'content-length': '16',
      'content-type': 'text/javascript',
      etag: 'W/"page-A1.js"',
      vary: 'accept-encoding',
    });
  });

  it('are not sent again to who has them', async () => {
    const response = await get('/', { 'if-none-match': 'W/"x", W/"index.html"' });
    expect(response.status).toBe(304);
    expect(await response.text()).toBe('');
    expect((await get('/', { 'if-none-match': 'W/"other"' })).status).toBe(200);
  });

  it('are all that there is', async () => {
    const paths = [
      ...['/assets/', '/assets', '/assets/files.json', '/assets/page-A1.js.br', '/index.html'],
      ...['/assets/../index.html', '/assets/%2e%2e/files.json', '//assets/page-A1.js'],
      ...['/assets//page-A1.js', '/assets/PAGE-A1.js', '/jobsx', '/assets/page-A1.js/', '/%00'],
    ];
    for (const path of paths) expect([path, (await get(path)).status]).toEqual([path, 404]);
  });
});
