import { messageOf } from '../errors.js';
import { isWrongType } from '../redis/errors.js';
import type { RedisReader } from '../redis/reader.js';
import { ask } from './ask.js';
import { hasFieldLives, isWithoutFieldLives, readFieldLives } from './field-lives.js';
import { IS_GONE, type Lives, livesOf } from './lives.js';
import { asText, entriesOf, pairsOf, scoredOf, streamEndOf } from './replies.js';
import { type KeyType, type KeyValue, type RedisText, isEmpty } from './value.js';

/** What was found out of a key. */
export type ReadKey = { key: RedisText } & (
  | { kind: 'whole'; content: KeyValue; bytes: number; expiresAtMs: number | null; pending: number }
  /** To be read in pieces; see `readPieces`. */
  | { kind: 'large'; type: KeyType; bytes: number }
  | { kind: 'gone' }
  | { kind: 'failed'; reason: string }
);

interface Known {
  key: RedisText;
  type: KeyType;
}

/**
 * What was read of each key; a key that has another type by now is left out. Without lives, no key is
 * taken for one that expires.
 */
export async function readWhole(
  redis: RedisReader,
  keys: readonly Known[],
  withLives = true,
): Promise<Map<RedisText, ReadKey>> {
  const found = new Map<RedisText, ReadKey>();
  const some = keys.find(({ type }) => type === 'hash')?.key;
  const withForms = withLives && some !== undefined && (await hasFieldLives(redis, some));
  const uncertain = new Map<RedisText, [RedisText, RedisText][]>();
  const how = { withLives, withForms, uncertain };
  const inBytes = await readAs(redis, keys, { way: 'call', ...how }, found);
  if (inBytes.length > 0) {
    await readAs(redis, inBytes, { way: 'callBuffer', ...how }, found);
  }
  for (const [key, read] of await readFieldLives(redis, uncertain)) {
    const whole = found.get(key);
    if (whole?.kind !== 'whole') continue;
    if (read === 'gone') found.set(key, { key, kind: 'gone' });
    else if ('refused' in read) found.set(key, { key, kind: 'failed', reason: read.refused });
    else {
      const { value, lives } = read;
      whole.content = { type: 'hash', value, ...(lives.length > 0 && { lives }) };
    }
  }
  return found;
}

type Way = 'call' | 'callBuffer';

interface How {
  way: Way;
  withLives: boolean;
  /** Whether fields of a hash may expire, which the form tells in which Redis stores it. */
  withForms: boolean;
  /** Takes the hashes of which fields may expire. */
  uncertain: Map<RedisText, [RedisText, RedisText][]>;
}

/** Resolves to the keys that are to be read again in bytes, since a text may not be what they hold. */
async function readAs(
  redis: RedisReader,
  keys: readonly Known[],
  { way, withLives, withForms, uncertain }: How,
  found: Map<RedisText, ReadKey>,
): Promise<Known[]> {
  const again: Known[] = [];
  if (keys.length === 0) return again;
  const commands: unknown[][] = [];
  const lives = withLives ? await livesOf(redis, keys[0]?.key ?? '') : undefined;
  const begins: number[] = [];
  for (const { key, type } of keys) {
    begins.push(commands.length);
    if (lives !== undefined) commands.push(['call', lives.command, key]);
    const form = withForms && type === 'hash' ? [['call', 'OBJECT', 'ENCODING', key]] : [];
    // On both sides: a hash that is removed and made anew may have another form.
    commands.push(...form, ...READS[type](key, way), ...form);
  }
  const replies = await ask(redis, commands);
  for (const [at, known] of keys.entries()) {
    const { key } = known;
    const own = replies.slice(begins[at], begins[at + 1] ?? replies.length);
    const forms = withForms && known.type === 'hash' ? [own.splice(-3, 1)[0], own.pop()] : [];
    const refused = own.find((reply) => reply instanceof Error);
    if (refused !== undefined) {
      if (isWrongType(refused)) continue;
      // XINFO of a key that has gone.
      if (messageOf(refused).includes('no such key')) found.set(key, { key, kind: 'gone' });
      else found.set(key, { key, kind: 'failed', reason: messageOf(refused) });
      continue;
    }
    const life = lives === undefined ? undefined : (own.shift() as number);
    if (way === 'call' && own.some(isDoubtful)) again.push(known);
    else {
      const read = wholeOf(redis, known, own, life, lives);
      found.set(key, read);
      if (
        read.kind === 'whole' &&
        read.content.type === 'hash' &&
        !forms.every(isWithoutFieldLives)
      )
        uncertain.set(key, read.content.value);
    }
  }
  return again;
}

function wholeOf(
  redis: RedisReader,
  { key, type }: Known,
  values: readonly unknown[],
  life: number | undefined,
  lives: Lives | undefined,
): ReadKey {
  if (life === IS_GONE || values[0] === null) return { key, kind: 'gone' };
  const { content, pending } = contentOf(redis, type, values);
  if (isEmpty(content)) return { key, kind: 'gone' };
  const expiresAtMs = life === undefined ? null : (lives?.expiryOf(life) ?? null);
  return { key, kind: 'whole', content, bytes: 0, expiresAtMs, pending };
}

/** The commands that read a whole key, by its type. */
const READS: Readonly<Record<KeyType, (key: RedisText, way: Way) => unknown[][]>> = {
  string: (key, way) => [[way, 'GET', key]],
  hash: (key, way) => [[way, 'HGETALL', key]],
  list: (key, way) => [[way, 'LRANGE', key, '0', '-1']],
  set: (key, way) => [[way, 'SMEMBERS', key]],
  zset: (key, way) => [[way, 'ZRANGE', key, '0', '-1', 'WITHSCORES']],
  stream: (key, way) => [
    [way, 'XRANGE', key, '-', '+'],
    ['call', 'XINFO', 'STREAM', key],
    ['callBuffer', 'XINFO', 'GROUPS', key],
  ],
};

function contentOf(
  redis: RedisReader,
  type: KeyType,
  [reply, info, groups]: readonly unknown[],
): { content: KeyValue; pending: number } {
  switch (type) {
    case 'string':
      return { content: { type, value: asText(reply) }, pending: 0 };
    case 'hash':
      return { content: { type, value: pairsOf(reply as unknown[]) }, pending: 0 };
    case 'list':
    case 'set':
      return { content: { type, value: (reply as unknown[]).map(asText) }, pending: 0 };
    case 'zset':
      return { content: { type, value: scoredOf(redis, reply as unknown[]) }, pending: 0 };
    case 'stream': {
      const entries = entriesOf(redis, reply as unknown[]);
      const end = streamEndOf(redis, info, groups);
      return { content: { type, value: { entries, ...end.value } }, pending: end.pending };
    }
  }
}

/** Whether a reply has a text that may be the stand-in for bytes that are none. */
function isDoubtful(reply: unknown): boolean {
  if (typeof reply === 'string') return reply.includes('\ufffd');
  return Array.isArray(reply) && reply.some(isDoubtful);
}
