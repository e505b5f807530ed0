import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redact, secretsOf } from '../../../src/config/redact.js';

describe('redact', () => {
  it.each([
    ['redis://:pw@host:6379', 'redis://:[redacted]@host:6379'],
    ['see https://me:p:w%40@h/x and y', 'see https://me:[redacted]@h/x and y'],
    [
      'GET /b/k?X-Amz-Credential=AK%2F1&x=1&X-Amz-Signature=0a1b failed',
      'GET /b/k?X-Amz-Credential=[redacted]&x=1&X-Amz-Signature=[redacted] failed',
    ],
    ['X-Amz-Security-Token=abc', 'X-Amz-Security-Token=[redacted]'],
    ['Authorization: AWS4-HMAC-SHA256 Credential=x, Signature=y', 'Authorization: [redacted]'],
    [`{ authorization: 'Bearer abc' }`, `{ authorization: '[redacted]' }`],
    ['a@b.c: at 10:30 http://h:9000/@x', 'a@b.c: at 10:30 http://h:9000/@x'],
  ])('%s', (text, clean) => {
    expect(redact(text)).toBe(clean);
  });

  it('takes out the secrets it is told, also as URLs encode them', () => {
    expect(redact('key p/w+d1, in a URL p%2Fw%2Bd1', ['p/w+d1'])).toBe(
      'key [redacted], in a URL [redacted]',
    );
  });

  it('leaves nothing of a secret that begins with another', () => {
    expect(redact('long-secret', ['long', 'long-secret'])).toBe('[redacted]');
  });

  it('leaves no secret, wherever it stands', () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9/+]{8,20}$/);
    fc.assert(
      fc.property(fc.string(), secret, fc.string(), (before, key, after) => {
        expect(redact(before + key + after, [key])).not.toContain(key);
      }),
    );
  });
});

describe('secretsOf', () => {
  it('finds what an environment holds', () => {
    const env = { MINIO_SECRET_KEY: 'a', AWS_SECRET_ACCESS_KEY: 'b', MINIO_ACCESS_KEY: 'c' };
    expect(secretsOf(env)).toEqual(['a', 'b']);
  });
});
