import { Decimal } from 'decimal.js';
import { encodeValue } from './line.js';
import { type KeyValue, type RedisText, identityOf, scoreOf, shownText } from './value.js';

/** Compares a key in a backup with what the server holds, and decides what a restore does. Pure. */

export const CONFLICT_WAYS = ['keep', 'replace', 'higher'] as const;
/**
 * What happens to a key that is there and differs: it stays, it becomes what the backup holds, or
 * (of meters) each counter takes the higher of both values, and anything else stays.
 */
export type ConflictWay = (typeof CONFLICT_WAYS)[number];

/** What the server holds beside what the backup holds. */
export type Standing =
  /** It lacks the key. */
  | 'create'
  | 'same'
  /** A meter that is lower, in one counter at least, or lacks some: the backup holds more. */
  | 'lower'
  /** A meter that has counted on since the backup. */
  | 'higher'
  /** Something that cannot be ordered: a job record, a list, another type. */
  | 'other'
  /** The backup's key has expired since. */
  | 'expired';

export interface Decision {
  standing: Standing;
  /** `write`: the whole key; `raise`: what `raises` says. */
  action: 'none' | 'write' | 'raise';
  raises: Raises;
  /** Counts that a raise puts out: what was counted since a flush. */
  lost: LostCount[];
}

/** A counter of the server that is lower than in the backup, and is not 0. */
export interface LostCount {
  /** `null` for a key that is a counter itself. */
  field: string | null;
  target: string;
  backup: string;
}

/** What a meter gets, by its type. */
type Raises =
  | { type: 'string'; value: RedisText }
  | { type: 'hash'; value: [RedisText, RedisText][] }
  | { type: 'set'; value: RedisText[] }
  | { type: 'zset'; value: [RedisText, string][] }
  | undefined;

const METERS = 'billing:';
/** Records of jobs are written once, and no sums. */
const RECORDS = 'billing:job:';

export function isMeter(key: RedisText): boolean {
  const text = typeof key === 'string' ? key : key.toString('latin1');
  return text.startsWith(METERS) && !text.startsWith(RECORDS);
}

/** `present`: `undefined` where the server lacks the key, `large` for one that is too large to compare. */
export function decide(
  key: RedisText,
  backup: KeyValue,
  present: KeyValue | 'large' | undefined,
  way: ConflictWay,
): Decision {
  if (present === undefined) return decision('create', 'write');
  const compared = compare(key, backup, present);
  if (compared.standing === 'same' || way === 'keep')
    return { ...compared, action: 'none', lost: [] };
  if (way === 'replace') return decision(compared.standing, 'write');
  return compared.standing === 'lower' ? compared : { ...compared, action: 'none', lost: [] };
}

function decision(standing: Standing, action: Decision['action']): Decision {
  return { standing, action, raises: undefined, lost: [] };
}

function compare(key: RedisText, backup: KeyValue, present: KeyValue | 'large'): Decision {
  const other = decision('other', 'none');
  if (present === 'large') return other;
  if (isSame(backup, present)) return decision('same', 'none');
  if (!isMeter(key)) return other;
  if (backup.type === 'hash' && present.type === 'hash') {
    return compareHashes(backup.value, present.value);
  }
  if (backup.type === 'set' && present.type === 'set') {
    const known = new Set(present.value.map(identityOf));
    const missing = backup.value.filter((member) => !known.has(identityOf(member)));
    return raised({ type: 'set', value: missing }, []);
  }
  if (backup.type === 'zset' && present.type === 'zset') {
    return compareZsets(backup.value, present.value);
  }
  if (backup.type === 'string' && present.type === 'string') {
    return compareStrings(backup.value, present.value);
  }
  return other;
}

function isSame(backup: KeyValue, present: KeyValue): boolean {
  if (backup.type !== present.type) return false;
  return encodeValue(normal(backup)) === encodeValue(normal(present));
}

/** Versions of Redis print the same score in different ways. */
function normal(content: KeyValue): KeyValue {
  if (content.type !== 'zset') return content;
  const value = content.value.map(([member, score]): [RedisText, string] => {
    return [member, String(scoreOf(score))];
  });
  return { type: 'zset', value };
}

function raised(raises: NonNullable<Raises>, lost: LostCount[]): Decision {
  if (raises.type !== 'string' && raises.value.length === 0) return decision('higher', 'none');
  return { standing: 'lower', action: 'raise', raises, lost };
}

function compareHashes(
  backup: readonly [RedisText, RedisText][],
  present: readonly [RedisText, RedisText][],
): Decision {
  const there = new Map(present.map(([field, value]) => [identityOf(field), value]));
  const raises: [RedisText, RedisText][] = [];
  const lost: LostCount[] = [];
  let isHigher = there.size > backup.length;
  let isOther = false;
  for (const [field, value] of backup) {
    const now = there.get(identityOf(field));
    if (now === undefined) raises.push([field, value]);
    else {
      const order = orderOf(now, value);
      if (order === undefined) isOther ||= identityOf(now) !== identityOf(value);
      else if (order > 0) isHigher = true;
      if (order === undefined || order >= 0) continue;
      raises.push([field, value]);
      lost.push(...lostCount(shownText(field), now, value));
    }
  }
  if (raises.length > 0) return raised({ type: 'hash', value: raises }, lost);
  return decision(isHigher ? 'higher' : isOther ? 'other' : 'same', 'none');
}

function compareZsets(
  backup: readonly [RedisText, string][],
  present: readonly [RedisText, string][],
): Decision {
  const there = new Map(present.map(([member, score]) => [identityOf(member), score]));
  const raises = backup.filter(([member, score]) => {
    const now = there.get(identityOf(member));
    return now === undefined || scoreOf(now) < scoreOf(score);
  });
  const lost = raises.flatMap(([member, score]) => {
    const now = there.get(identityOf(member));
    return now === undefined ? [] : lostCount(shownText(member), now, score);
  });
  return raised({ type: 'zset', value: raises }, lost);
}

function compareStrings(backup: RedisText, present: RedisText): Decision {
  const order = orderOf(present, backup);
  if (order === undefined || order === 0) return decision('other', 'none');
  if (order > 0) return decision('higher', 'none');
  return raised({ type: 'string', value: backup }, lostCount(null, present, backup));
}

/** A counter of 0 has counted nothing, so that nothing is lost. */
function lostCount(field: string | null, now: RedisText, value: RedisText): LostCount[] {
  const [target, backup] = [shownText(now), shownText(value)];
  return orderOf(target, '0') === 0 ? [] : [{ field, target, backup }];
}

const DECIMAL = /^-?\d{1,400}(\.\d{1,400})?(e[+-]?\d{1,4})?$/i;

/** Compares two decimals exactly; `undefined` where one of them is none. */
function orderOf(a: RedisText, b: RedisText): number | undefined {
  if (typeof a !== 'string' || typeof b !== 'string') return undefined;
  if (!DECIMAL.test(a) || !DECIMAL.test(b)) return undefined;
  return new Decimal(a).cmp(new Decimal(b));
}
