import type { Command } from './ask.js';
import { FIELD_LIVES_SINCE } from './field-lives.js';
import { type FieldLife, type KeyValue, type RedisText, identityOf } from './value.js';

/** When fields of hashes expire, as a restore has to bring it about. Pure. */

/** Why a key stays away from a server on which its fields would live for ever. */
export const CANNOT_EXPIRE_FIELDS = `fields of it expire, and this server cannot do that: ${FIELD_LIVES_SINCE} can`;

/** Items of one command. */
const MOST_FIELDS = 1000;

/** The content without the fields that have expired by now; a hash may be empty then. */
export function livingOf(content: KeyValue, nowMs: number): KeyValue {
  if (content.type !== 'hash' || content.lives === undefined) return content;
  const lives = content.lives.filter(([, expiresAtMs]) => expiresAtMs > nowMs);
  const dead = new Set(
    content.lives
      .filter(([, expiresAtMs]) => expiresAtMs <= nowMs)
      .map(([field]) => identityOf(field)),
  );
  const value = content.value.filter(([field]) => !dead.has(identityOf(field)));
  return { type: 'hash', value, ...(lives.length > 0 && { lives }) };
}

/** The commands that let fields expire, which are there. */
export function expiryOf(key: RedisText, lives: readonly FieldLife[]): Command[] {
  const byTime = new Map<number, RedisText[]>();
  for (const [field, expiresAtMs] of lives) {
    const fields = byTime.get(expiresAtMs);
    if (fields === undefined) byTime.set(expiresAtMs, [field]);
    else fields.push(field);
  }
  return [...byTime].flatMap(([expiresAtMs, fields]) =>
    inParts(fields, ['HPEXPIREAT', key, String(expiresAtMs)]),
  );
}

function inParts(fields: readonly RedisText[], begin: (string | Buffer)[]): Command[] {
  const commands: Command[] = [];
  for (let from = 0; from < fields.length; from += MOST_FIELDS) {
    const some = fields.slice(from, from + MOST_FIELDS);
    commands.push(['call', ...begin, 'FIELDS', String(some.length), ...some]);
  }
  return commands;
}

/** Expiries that differ by less are the same. */
const SAME_LIFE_MS = 1000;

export function isSameLife(a: number | null, b: number | null): boolean {
  return a === null || b === null ? a === b : Math.abs(a - b) <= SAME_LIFE_MS;
}

/** When each field expires that does, by the identity of its name. */
export function livesById(content: KeyValue): Map<string, number> {
  const lives = content.type === 'hash' ? (content.lives ?? []) : [];
  return new Map(lives.map(([field, expiresAtMs]) => [identityOf(field), expiresAtMs]));
}

/**
 * The commands that bring the fields of a hash which is there to the lives that they are to have:
 * `wanted` says that by what the backup and the server say. `set`: the fields that are set before,
 * which takes their lives.
 */
export function adjustmentOf(
  key: RedisText,
  backup: KeyValue,
  present: KeyValue,
  set: ReadonlySet<string>,
  wanted: (backup: number | null, present: number | null) => number | null,
): Command[] {
  if (backup.type !== 'hash' || present.type !== 'hash') return [];
  const [inBackup, onServer] = [livesById(backup), livesById(present)];
  if (inBackup.size === 0 && onServer.size === 0) return [];
  const there = new Set(present.value.map(([field]) => identityOf(field)));
  const expiring: FieldLife[] = [];
  const lasting: RedisText[] = [];
  for (const [field] of backup.value) {
    const id = identityOf(field);
    const own = inBackup.get(id) ?? null;
    const now = onServer.get(id) ?? null;
    const life = there.has(id) ? wanted(own, now) : own;
    const after = set.has(id) ? null : now;
    if (isSameLife(life, after)) continue;
    if (life === null) lasting.push(field);
    else expiring.push([field, life]);
  }
  return [...expiryOf(key, expiring), ...inParts(lasting, ['HPERSIST', key])];
}
