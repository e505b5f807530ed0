import fc from 'fast-check';
import { Client } from 'minio';
import { describe, expect, it } from 'vitest';
import { presignGet } from '../../../../src/object-store/s3/presign.js';

const target = {
  ...{ endpoint: 'minio.example.com', port: 9000, useTls: false, region: 'eu-1' },
  ...{ accessKey: 'AKIA/EXAMPLE', secretKey: 'very secret' },
};
const request = { bucket: 'processed', key: '17/result.zip', expiresSeconds: 3600 };
const now = new Date('2026-11-24T20:00:00.123Z');
const signed = (changed: Partial<typeof target> = {}, asked: Partial<typeof request> = {}) =>
  presignGet({ ...target, ...changed }, { ...request, ...asked, now });

describe('a presigned URL', () => {
  it('is that of minio, for any key', async () => {
    const client = new Client({
      ...{ endPoint: target.endpoint, port: target.port, useSSL: target.useTls },
      ...{ accessKey: target.accessKey, secretKey: target.secretKey },
      ...{ region: target.region, pathStyle: true },
    });
    // Control characters and lone surrogates are encoded in another way there.
    const keys = fc.string({ unit: 'grapheme', minLength: 1 }).filter((key) => key.trim() !== '');
    await fc.assert(
      fc.asyncProperty(keys, fc.integer({ min: 1, max: 604_800 }), async (key, expiresSeconds) => {
        const theirs = await client.presignedGetObject('processed', key, expiresSeconds, {}, now);
        expect(signed({}, { key, expiresSeconds })).toBe(theirs);
      }),
    );
  });

  it('leaves out the usual port, and has brackets around an IPv6 address', () => {
    expect(signed({ port: 80 })).toMatch(/^http:\/\/minio\.example\.com\/processed\/17\//);
    expect(signed({ port: 443, useTls: true })).toMatch(/^https:\/\/minio\.example\.com\/proc/);
    expect(signed({ port: 443 })).toMatch(/^http:\/\/minio\.example\.com:443\//);
    expect(signed({ endpoint: '::1' })).toMatch(/^http:\/\/\[::1\]:9000\/processed\//);
  });

  it('takes buckets of old, and holds no secret', () => {
    const url = signed({}, { bucket: 'Manga_Files' });
    expect(url).toContain('/Manga_Files/17/result.zip?');
    expect(decodeURIComponent(url)).not.toContain(target.secretKey);
  });
});
