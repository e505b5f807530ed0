import { describe, expect, it } from 'vitest';
import {
  type ReadBack,
  type Sent,
  formOf,
  kindsOf,
  changeOf,
} from '../../../../src/restore/attributes/kinds.js';

const NOTHING: ReadBack = {
  head: {
    ...{ headers: {}, metadata: {}, encryption: null, storageClass: null, checksums: {} },
    ...{ retention: null, legalHold: false },
  } as unknown as ReadBack['head'],
  tags: [],
  lock: { retention: null, legalHold: false },
  acl: undefined,
};
const sent: Sent = {
  attributes: {
    headers: { 'cache-control': 'no-store' },
    metadata: { a: 'plain', b: 'été' },
    tags: [{ key: 'k', value: 'v' }],
    retention: { mode: 'GOVERNANCE', until: '2040-01-01T00:00:00.123Z' },
    legalHold: true,
    encryption: { algorithm: 'aws:kms', keyId: 'arn:aws:kms:key', bucketKey: false },
    storageClass: 'REDUCED_REDUNDANCY',
    checksums: { sha256: 'x' },
  },
};
const having = (head: Partial<ReadBack['head']>): ReadBack => ({
  ...NOTHING,
  head: { ...NOTHING.head, ...head },
});

describe('what belongs to an object', () => {
  it('is of these kinds, and each is missed where the target has nothing of it', () => {
    const kinds = kindsOf(sent);
    expect(kinds).toEqual([
      ...['header cache-control', 'metadata', 'metadata beyond ASCII', 'tags', 'retention'],
      ...['legal hold', 'encryption', 'storage class', 'checksum'],
    ]);
    for (const kind of kinds)
      expect(changeOf(kind, sent, NOTHING), kind).toMatch(/did not store it/);
    expect(kindsOf({ attributes: { headers: {}, metadata: {}, tags: [] } })).toEqual([]);
  });

  it('is of another form where servers store the object in another way', () => {
    const form = (key: string, size: number) => formOf({ key, size, etag: 'e-13' });
    const large = 100 * 1024 * 1024;
    expect(form('a/b', 5)).toBe('');
    expect(form('a/', 5)).toBe(' (keys that end in /)');
    expect(form('a/b', large)).toBe(' (uploaded in parts)');
    expect(form('a/', large)).toBe(' (uploaded in parts)');
    expect(formOf({ key: 'a', size: large, etag: 'e' })).toBe('');
  });

  it('is told where it is another: half of the metadata, another algorithm or key', () => {
    const metadata = { a: 'plain', b: '?t?' };
    expect(changeOf('metadata', sent, having({ metadata }))).toBeUndefined();
    expect(changeOf('metadata beyond ASCII', sent, having({ metadata }))).toContain('b: ');
    const told = (algorithm: string, keyId: string | null) =>
      changeOf('encryption', sent, having({ encryption: { algorithm, keyId, bucketKey: false } }));
    expect(told('AES256', null)).toContain('AES256');
    expect(told('aws:kms', 'other')).toContain('other');
    expect(told('aws:kms', 'key')).toBeUndefined();
    expect(told('aws:kms', null)).toBeUndefined();
  });

  it('is the same though a server keeps whole seconds, or its own order of tags', () => {
    const lock = {
      retention: { mode: 'GOVERNANCE', until: '2040-01-01T00:00:00.000Z' },
      legalHold: true,
    } as const;
    expect(changeOf('retention', sent, { ...NOTHING, lock })).toBeUndefined();
    expect(changeOf('legal hold', sent, { ...NOTHING, lock })).toBeUndefined();
    const [a, b] = [
      { key: 'a', value: '1' },
      { key: 'b', value: '2' },
    ] as const;
    expect(
      changeOf('tags', { attributes: { tags: [a, b] } }, { ...NOTHING, tags: [b, a] }),
    ).toBeUndefined();
  });
});
