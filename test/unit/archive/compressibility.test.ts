import { describe, expect, it } from 'vitest';
import { isCompressible } from '../../../src/archive/compressibility.js';
import { noise, text } from '../../helpers/archive-samples.js';

const json = text(8192);

describe('what is worth deflating', () => {
  it.each([
    'image/jpeg',
    'image/png',
    'IMAGE/WEBP',
    'video/mp4',
    'audio/mpeg',
    'font/woff2',
    'application/zip',
    'application/gzip',
    'application/x-7z-compressed',
    'application/vnd.comicbook+zip',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    'application/epub+zip; charset=binary',
  ])('is not %s, whatever it begins with', (contentType) => {
    expect(isCompressible(contentType, json)).toBe(false);
  });

  it.each(['image/svg+xml', 'image/bmp', 'audio/wav', 'application/json', 'text/plain', undefined])(
    'is text of the type %s',
    (contentType) => {
      expect(isCompressible(contentType, json)).toBe(true);
    },
  );

  it.each([undefined, '', 'application/octet-stream', 'text/plain'])(
    'is not noise, of the type %j',
    (contentType) => {
      for (let n = 0; n < 20; n++) {
        expect(isCompressible(contentType, noise(4096, String(n)))).toBe(false);
      }
    },
  );

  it('is anything under 256 bytes, where nothing can be told', () => {
    expect(isCompressible(undefined, Buffer.alloc(0))).toBe(true);
    expect(isCompressible(undefined, noise(255))).toBe(true);
  });

  it('tells noise from text in short samples too', () => {
    for (const size of [256, 512, 1024, 2048]) {
      expect(isCompressible(undefined, noise(size, String(size)))).toBe(false);
      expect(isCompressible(undefined, text(size))).toBe(true);
    }
  });

  it('is told by a trial between noise and text: base64 is, packed numbers that repeat are', () => {
    const base64 = Buffer.from(noise(3072).toString('base64'));
    expect(isCompressible(undefined, base64)).toBe(true);
    const repeated = Buffer.concat([noise(200), noise(200), noise(200), noise(200), noise(200)]);
    expect(isCompressible(undefined, repeated)).toBe(true);
  });
});
