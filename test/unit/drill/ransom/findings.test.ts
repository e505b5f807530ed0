import { describe, expect, it } from 'vitest';
import type { Aftermath } from '../../../../src/drill/ransom/aftermath.js';
import type { Attack, Target } from '../../../../src/drill/ransom/attack.js';
import { ATTACK_KINDS, type AttackKind } from '../../../../src/drill/attack-kinds.js';
import { type RansomEvidence, findingsOf } from '../../../../src/drill/ransom/findings.js';
import { isRefusal } from '../../../../src/drill/ransom/refusals.js';
import { MangamotionError } from '../../../../src/errors.js';
import {
  NO_DOCUMENT,
  S3ResponseError,
  translateError,
} from '../../../../src/object-store/store-errors.js';

const until = '2024-01-01T00:00:00.000Z';
const target = (name: string, mode?: 'GOVERNANCE' | 'COMPLIANCE'): Target => ({
  ...{ name, key: `p/${name}`, versionId: 'v', sizeBytes: 1 },
  lock: mode === undefined ? null : { mode, until },
});
const LOCKED = [target('a', 'COMPLIANCE'), target('b', 'COMPLIANCE')];

type Counts = Partial<Record<AttackKind, { succeeded?: number; unclear?: number }>>;
function attackOf(counts: Counts = {}, more: Partial<Attack> = {}): Attack {
  return {
    counts: ATTACK_KINDS.map((kind) => ({
      ...{ kind, tried: 2, refused: 2, succeeded: 0, unclear: 0 },
      ...counts[kind],
    })),
    ...{ destroyed: new Map(), unlocked: new Map(), unclear: undefined, mayDelete: true },
    ...more,
  };
}
const GOOD: Aftermath = {
  ...{ vanished: [], remaining: [], weakened: [], lockEnded: false },
  ...{ writtenAt: new Date(until), undated: undefined },
};
const evidence = (more: Partial<RansomEvidence> = {}): RansomEvidence => ({
  ...{ targets: LOCKED, attack: attackOf({ overwrite: { succeeded: 2 } }), aftermath: GOOD },
  ...{ unseen: undefined, isUntouched: false },
  ...more,
});
const after = (more: Partial<Aftermath>) => evidence({ aftermath: { ...GOOD, ...more } });

describe('what an attack proves', () => {
  it('is nothing bad where the locks hold', () => {
    expect(findingsOf(evidence())).toEqual({ doubts: [], unproven: [] });
  });

  it.each<[string, RansomEvidence, RegExp]>([
    [
      'what is not locked is deleted',
      evidence({
        targets: [target('a'), target('b', 'COMPLIANCE')],
        attack: attackOf({}, { destroyed: new Map([['a', 'delete_version']]) }),
      }),
      /^1 of 2 files of the newest backup are not locked, .*--lock-days/,
    ],
    [
      'a bypass deletes',
      evidence({
        targets: [target('a', 'GOVERNANCE')],
        attack: attackOf({}, { destroyed: new Map([['a', 'delete_in_bulk_bypass']]) }),
      }),
      /1 of 1 locked file for good, because they may bypass GOVERNANCE/,
    ],
    [
      'a lock is not kept',
      evidence({ attack: attackOf({}, { destroyed: new Map([['a', 'delete_in_bulk']]) }) }),
      /1 of 2 locked files for good: this server does not keep its locks/,
    ],
    [
      'COMPLIANCE is bypassed',
      evidence({ attack: attackOf({}, { destroyed: new Map([['a', 'delete_version_bypass']]) }) }),
      /does not keep its locks/,
    ],
    [
      'a lock is ended, and nothing is deleted yet',
      evidence({
        attack: attackOf({}, { unlocked: new Map([['b', 'end_lock_bypass']]) }),
        aftermath: { ...GOOD, weakened: ['b'] },
      }),
      /ended 1 of 2 locks/,
    ],
    ['a refused deletion deletes', after({ vanished: ['b'] }), /refused to delete b, and .* gone/],
    [
      'a refusal shortens',
      after({ weakened: ['a'] }),
      /refused to end the lock of a, and .* shorter/,
    ],
  ])('is missed where %s', (_, found, reason) => {
    const { doubts } = findingsOf(found);
    expect(doubts).toEqual([expect.stringMatching(reason)]);
  });

  it.each<[string, RansomEvidence, RegExp]>([
    [
      'keys may delete nothing, and nothing is locked',
      evidence({ targets: [target('a')], attack: attackOf({}, { mayDelete: false }) }),
      /1 of 1 file of the newest backup are not locked: .*--lock-days/,
    ],
    [
      'an answer is neither',
      evidence({ attack: attackOf({ delete: { unclear: 1 } }, { unclear: 'delete of a: 500' }) }),
      /^1 attack was neither refused nor carried out, such as delete of a: 500$/,
    ],
    [
      'the copies cannot be looked at',
      evidence({ aftermath: undefined, unseen: 'no answer' }),
      /could not be looked at: no answer/,
    ],
    [
      'a deletion that was accepted deletes nothing',
      evidence({
        attack: attackOf({}, { destroyed: new Map([['a', 'delete_in_bulk']]) }),
        aftermath: { ...GOOD, remaining: ['a'] },
      }),
      /accepted an attack on a, and shows the copy as it was/,
    ],
    [
      'an end of a lock that was accepted ends nothing',
      evidence({ attack: attackOf({}, { unlocked: new Map([['b', 'remove_lock']]) }) }),
      /accepted an attack on b, and shows the copy as it was/,
    ],
    ['no damage shows', evidence({ isUntouched: true }), /as if nothing had happened/],
    ['times tell nothing', after({ undated: 'p/a' }), /do not tell the attack on p\/a/],
    ['the locks were too short', after({ lockEnded: true }), /--lock-for/],
  ])('is not proven where %s', (_, found, reason) => {
    expect(findingsOf(found)).toEqual({ doubts: [], unproven: [expect.stringMatching(reason)] });
  });
});

describe('a refusal', () => {
  const errorOf = (code: string, status: number, message = 'no') =>
    translateError(new S3ResponseError(code, status, message), {
      endpoint: 'http://127.0.0.1:1',
      request: { method: 'DELETE', bucket: 'b', key: 'k' },
    }) as MangamotionError;

  it.each(['AccessDenied', 'InvalidRequest', 'ObjectLocked'])('is %s', (code) => {
    expect(isRefusal('delete_version', errorOf(code, 400))).toBe(true);
  });

  it.each<[string, MangamotionError]>([
    ['a server that fails', errorOf('InternalError', 500)],
    ['a server that is busy', errorOf('SlowDown', 503)],
    ['keys that are wrong', errorOf('InvalidAccessKeyId', 403)],
    ['keys that have run out', errorOf('ExpiredToken', 400)],
    ['a clock that is off', errorOf('RequestTimeTooSkewed', 403)],
    ['an unknown request', errorOf('NotImplemented', 501)],
    ['a missing version', errorOf('NoSuchVersion', 404)],
    ['a proxy on the way', errorOf('AccessDenied', 403, `${NO_DOCUMENT}, but text/html`)],
    ['no answer', new MangamotionError('unreachable', 'timed out')],
    ['a document that is not understood', errorOf('MalformedXML', 400)],
  ])('is not %s', (_, error) => {
    expect(isRefusal('delete_version', error)).toBe(false);
  });

  it('of the removal of a lock is also that the server does not understand it', () => {
    expect(isRefusal('remove_lock', errorOf('MalformedXML', 400))).toBe(true);
    expect(isRefusal('remove_lock', errorOf('InternalError', 500))).toBe(false);
  });
});
