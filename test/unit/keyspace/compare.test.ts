import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ConflictWay, decide } from '../../../src/keyspace/compare.js';
import type { KeyValue } from '../../../src/keyspace/value.js';

const hash = (fields: Record<string, string>): KeyValue => ({
  type: 'hash',
  value: Object.entries(fields),
});
const user = 'billing:user:u1';
const higher = (backup: KeyValue, present: KeyValue | undefined, key = user) =>
  decide(key, backup, present, 'higher');

describe('a meter', () => {
  it('that is missing is created, and one that is the same stays', () => {
    expect(higher(hash({ n: '1' }), undefined)).toMatchObject({
      standing: 'create',
      action: 'write',
    });
    expect(higher(hash({ n: '1', m: '2' }), hash({ m: '2', n: '1' }))).toMatchObject({
      ...{ standing: 'same', action: 'none' },
    });
    expect(higher(hash({ n: '1' }), hash({ n: '1.0' }))).toMatchObject({ standing: 'same' });
  });

  it('takes the higher value field by field, and names what was counted since', () => {
    const backup = hash({ bytes: '90071992547409931', seconds: '0.3', jobs: '7', only: '5' });
    const present = hash({ bytes: '90071992547409930', seconds: '0.30000000001', jobs: '0' });
    expect(higher(backup, present)).toEqual({
      standing: 'lower',
      action: 'raise',
      raises: {
        type: 'hash',
        value: [
          ['bytes', '90071992547409931'],
          ['jobs', '7'],
          ['only', '5'],
        ],
      },
      lost: [{ field: 'bytes', target: '90071992547409930', backup: '90071992547409931' }],
    });
  });

  it('that has counted on stays, and so does text that differs', () => {
    expect(higher(hash({ n: '1' }), hash({ n: '2' }))).toMatchObject({
      ...{ standing: 'higher', action: 'none', lost: [] },
    });
    expect(higher(hash({ n: '1', name: 'a' }), hash({ n: '1', name: 'b' }))).toMatchObject({
      ...{ standing: 'other', action: 'none' },
    });
    expect(higher(hash({ n: '2', name: 'a' }), hash({ n: '1', name: 'b' }))).toMatchObject({
      raises: { value: [['n', '2']] },
    });
    expect(higher(hash({ n: '0x10' }), hash({ n: '1' }))).toMatchObject({ standing: 'other' });
  });

  it('that is a set, a sorted set or a number gets the union, or the higher', () => {
    const set = (...value: string[]): KeyValue => ({ type: 'set', value });
    expect(higher(set('a', 'b'), set('b', 'c'))).toMatchObject({
      ...{ standing: 'lower', lost: [], raises: { value: ['a'] } },
    });
    expect(higher(set('a'), set('a', 'c'))).toMatchObject({ standing: 'higher' });
    const zset = (...value: [string, string][]): KeyValue => ({ type: 'zset', value });
    expect(higher(zset(['a', 'inf'], ['b', '1']), zset(['a', '5'], ['b', '2']))).toMatchObject({
      raises: { value: [['a', 'inf']] },
      lost: [{ field: 'a', target: '5', backup: 'inf' }],
    });
    expect(higher(zset(['a', '0.10000000000000001']), zset(['a', '0.1']))).toMatchObject({
      standing: 'same',
    });
    const text = (value: string): KeyValue => ({ type: 'string', value });
    expect(higher(text('5'), text('4'))).toMatchObject({
      ...{ standing: 'lower', lost: [{ field: null, target: '4', backup: '5' }] },
    });
    expect(higher(text('5'), text('x'))).toMatchObject({ standing: 'other', action: 'none' });
    expect(higher(text('5'), hash({ n: '4' }))).toMatchObject({ standing: 'other' });
  });

  it('is never lowered, whatever both hold', () => {
    const counters = fc.dictionary(
      fc.constantFrom('a', 'b', 'c'),
      fc.oneof(
        fc.bigInt({ min: -5n, max: 5n }).map(String),
        fc.constantFrom('1.5', '1e3', 'x', ''),
      ),
      { minKeys: 1 },
    );
    fc.assert(
      fc.property(counters, counters, (backup, present) => {
        const { raises } = higher(hash(backup), hash(present));
        const after: Record<string, string> = { ...present };
        if (raises?.type === 'hash') {
          for (const [field, value] of raises.value) after[field as string] = value as string;
        }
        for (const [field, value] of Object.entries(present)) {
          const number = Number(value === '' ? 'x' : value);
          if (Number.isNaN(number)) expect(after[field]).toBe(value);
          else expect(Number(after[field])).toBeGreaterThanOrEqual(number);
        }
        // A second restore does nothing.
        expect(higher(hash(backup), hash(after)).action).toBe('none');
      }),
    );
  });
});

describe('what is no meter', () => {
  it.each(['billing:job:1', 'bull:q:id', 'other'])('stays where it differs: %s', (key) => {
    expect(higher(hash({ n: '2' }), hash({ n: '1' }), key)).toMatchObject({
      ...{ standing: 'other', action: 'none' },
    });
  });
});

describe('the other ways', () => {
  const [backup, present] = [hash({ n: '2' }), hash({ n: '1' })];
  const at = (way: ConflictWay) => decide(user, backup, present, way);
  it('keep leaves what is there, and replace makes it what the backup holds', () => {
    expect(at('keep')).toMatchObject({ standing: 'lower', action: 'none', lost: [] });
    expect(at('replace')).toMatchObject({ standing: 'lower', action: 'write', lost: [] });
    expect(decide(user, backup, undefined, 'keep')).toMatchObject({ action: 'write' });
    expect(decide(user, backup, backup, 'replace')).toMatchObject({ action: 'none' });
  });
});
