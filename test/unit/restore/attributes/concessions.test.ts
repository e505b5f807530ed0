import { describe, expect, it } from 'vitest';
import { MangamotionError } from '../../../../src/errors.js';
import {
  Refusals,
  concessionsFor,
  without,
} from '../../../../src/restore/attributes/concessions.js';

const all = {
  metadata: { a: 'b' },
  storageClass: 'REDUCED_REDUNDANCY',
  checksums: { sha256: 'x' },
  tags: [{ key: 'a', value: 'b' }],
  encryption: { algorithm: 'AES256', keyId: null, bucketKey: false },
};
const refused = new MangamotionError('refused', 'no');

describe('what is left out where the target refuses an object', () => {
  it('is each alone, then all together, where its code does not tell', () => {
    expect(concessionsFor(refused, all, () => true)).toEqual([
      ['storage class'],
      ['checksum'],
      ['tags'],
      ['encryption'],
      ['storage class', 'checksum', 'tags', 'encryption'],
    ]);
  });

  it('is nothing that may not be conceded, and nothing that the object does not have', () => {
    const { encryption, storageClass } = all;
    const mayConcede = (one: string) => one !== 'encryption';
    expect(concessionsFor(refused, { encryption }, mayConcede)).toEqual([]);
    expect(concessionsFor(refused, { encryption, storageClass }, mayConcede)).toEqual([
      ['storage class'],
    ]);
    expect(concessionsFor(refused, { tags: [], metadata: { a: 'b' } }, () => true)).toEqual([]);
  });

  it('is what needs rights of its own, where rights are missing', () => {
    const denied = new MangamotionError('access_denied', 'no');
    expect(concessionsFor(denied, all, () => true)).toEqual([
      ['tags'],
      ['encryption'],
      ['tags', 'encryption'],
    ]);
  });

  it('is nothing where the target could not be reached', () => {
    const gone = new MangamotionError('unreachable', 'gone');
    expect(concessionsFor(gone, all, () => true)).toEqual([]);
  });

  it('leaves all else as it is', () => {
    expect(without(all, ['storage class', 'checksum', 'encryption'])).toEqual({
      metadata: all.metadata,
      tags: all.tags,
    });
  });
});

it('what was refused is known of the same storage class, and of no other', () => {
  const refusals = new Refusals();
  refusals.add('storage class', all, 'because');
  refusals.add('tags', all, 'none');
  expect([...refusals.knownOf(all)]).toEqual([
    ['storage class', 'because'],
    ['tags', 'none'],
  ]);
  expect([...refusals.knownOf({ storageClass: 'GLACIER_IR' })]).toEqual([]);
  expect([...refusals.knownOf({ tags: [{ key: 'other', value: '' }] })]).toHaveLength(1);
});
