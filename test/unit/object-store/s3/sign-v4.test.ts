import { describe, expect, it } from 'vitest';
import { foldingMatters, Signer, type ToSign } from '../../../../src/object-store/s3/sign-v4.js';

/** The examples of AWS’s documentation, "Authenticating Requests: Using the Authorization Header". */
const CREDENTIALS = {
  accessKey: 'AKIAIOSFODNN7EXAMPLE',
  secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const NOON = new Date('2013-05-24T00:00:00.000Z');

function signatureOf(request: Partial<ToSign>): string | undefined {
  const host = 'examplebucket.s3.amazonaws.com';
  const toSign: ToSign = {
    ...{ method: 'GET', path: '/', sha256: EMPTY, region: 'us-east-1', folding: 'spaces' },
    ...request,
    headers: { host, ...request.headers },
  };
  new Signer(CREDENTIALS).sign(toSign, NOON);
  return /Signature=(.*)$/.exec(toSign.headers.authorization ?? '')?.[1];
}

describe('a signature', () => {
  it.each<[string, Partial<ToSign>, string]>([
    [
      'of a GET with a range',
      { path: '/test.txt', headers: { range: 'bytes=0-9' } },
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    ],
    [
      'of a query without a value',
      { path: '/?lifecycle' },
      'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    ],
    [
      'of a query with values, in any order',
      { path: '/?prefix=J&max-keys=2' },
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    ],
    [
      'of a PUT',
      {
        method: 'PUT',
        path: '/test%24file.text',
        headers: {
          date: 'Fri, 24 May 2013 00:00:00 GMT',
          'x-amz-storage-class': 'REDUCED_REDUNDANCY',
        },
        sha256: '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
      },
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    ],
  ])('%s is the one that AWS gives', (_, request, signature) => {
    expect(signatureOf(request)).toBe(signature);
  });

  it('does not depend on how many spaces lie between words', () => {
    const one = signatureOf({ headers: { 'x-amz-meta-a': 'b c' } });
    expect(signatureOf({ headers: { 'x-amz-meta-a': 'b   c' } })).toBe(one);
    expect(signatureOf({ headers: { 'x-amz-meta-a': 'b\tc' } })).not.toBe(one);
    expect(signatureOf({ headers: { 'x-amz-meta-a': 'b\tc' }, folding: 'unicode' })).toBe(one);
  });

  it('depends on how blanks are folded only where there are blanks of other kinds', () => {
    const wire = (text: string): string => Buffer.from(text).toString('latin1');
    expect(foldingMatters({ a: 'plain  text', b: wire('é') })).toBe(false);
    for (const blank of ['\t', '\u00a0', '\u1680', '\u2003', '\u2028', '\u202f', '\u3000']) {
      expect(foldingMatters({ a: wire(`x${blank}y`) }), blank).toBe(true);
    }
    expect(foldingMatters({ a: wire('x\u200by') })).toBe(false);
  });

  it('is made with the key of its day and region', () => {
    const signer = new Signer(CREDENTIALS);
    const sign = (region: string, now: Date): string | undefined => {
      const headers: Record<string, string> = { host: 'h' };
      const rest = { method: 'GET', path: '/', sha256: EMPTY, folding: 'spaces' } as const;
      signer.sign({ ...rest, headers, region }, now);
      return headers.authorization;
    };
    const first = sign('us-east-1', NOON);
    expect(sign('eu-west-1', NOON)).not.toBe(first);
    expect(sign('us-east-1', new Date('2013-05-25T00:00:00Z'))).not.toBe(first);
    expect(sign('us-east-1', NOON)).toBe(first);
  });
});
