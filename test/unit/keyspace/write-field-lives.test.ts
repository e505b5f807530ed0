import { expect, it } from 'vitest';
import { type FieldLife, type KeyValue, identityOf } from '../../../src/keyspace/value.js';
import { adjustmentOf, expiryOf, livingOf } from '../../../src/keyspace/write-field-lives.js';

const hash = (fields: string[], lives: FieldLife[] = []): KeyValue => ({
  ...{ type: 'hash', value: fields.map((field) => [field, 'v']) },
  ...(lives.length > 0 && { lives }),
});

it('fields that have expired are not restored', () => {
  const content = hash(
    ['a', 'b', 'c'],
    [
      ['a', 500],
      ['b', 1500],
    ],
  );
  expect(livingOf(content, 1000)).toEqual(hash(['b', 'c'], [['b', 1500]]));
  expect(livingOf(hash(['a'], [['a', 500]]), 1000)).toEqual(hash([]));
  expect(livingOf({ type: 'set', value: ['a'] }, 1000)).toEqual({ type: 'set', value: ['a'] });
});

it('fields that expire at one time share a command', () => {
  const bytes = Buffer.from([0xff]);
  expect(
    expiryOf('k', [
      ['a', 5],
      [bytes, 7],
      ['b', 5],
    ]),
  ).toEqual([
    ['call', 'HPEXPIREAT', 'k', '5', 'FIELDS', '2', 'a', 'b'],
    ['call', 'HPEXPIREAT', 'k', '7', 'FIELDS', '1', bytes],
  ]);
  const many = Array.from({ length: 1001 }, (_none, at): FieldLife => [`f${at}`, 5]);
  expect(expiryOf('k', many).map(([, , , , , count]) => count)).toEqual(['1000', '1']);
});

it('fields that are there get the wanted lives, and nothing is sent where they have them', () => {
  const backup = hash(
    ['same', 'later', 'lasting', 'raised', 'new', 'plain'],
    [
      ['same', 10_000],
      ['later', 90_000],
      ['raised', 10_000],
      ['new', 20_000],
    ],
  );
  const present = hash(
    ['same', 'later', 'lasting', 'raised', 'plain'],
    [
      ['same', 10_400],
      ['later', 10_000],
      ['lasting', 10_000],
      ['raised', 50_000],
    ],
  );
  const later = (a: number | null, b: number | null) =>
    a === null || b === null ? null : Math.max(a, b);
  expect(adjustmentOf('k', backup, present, new Set([identityOf('raised')]), later)).toEqual([
    ['call', 'HPEXPIREAT', 'k', '90000', 'FIELDS', '1', 'later'],
    ['call', 'HPEXPIREAT', 'k', '50000', 'FIELDS', '1', 'raised'],
    ['call', 'HPEXPIREAT', 'k', '20000', 'FIELDS', '1', 'new'],
    ['call', 'HPERSIST', 'k', 'FIELDS', '1', 'lasting'],
  ]);
  const none = hash(['same', 'plain']);
  expect(adjustmentOf('k', none, none, new Set(), later)).toEqual([]);
});
