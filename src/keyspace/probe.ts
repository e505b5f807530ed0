import { messageOf } from '../errors.js';
import type { RedisReader } from '../redis/reader.js';
import { ask } from './ask.js';
import { LENGTHS } from './replies.js';
import { type KeyType, type RedisText, isKeyType } from './value.js';

/** A key that is read by one command is at most this large, as Redis estimates it. */
const MOST_WHOLE_BYTES = 1024 * 1024;
/**
 * Redis looks at so many members of a key to tell its size. Of a key with more of them, one large member
 * may be overlooked.
 */
const SAMPLES = 1000;
/** Where members are stored one by one, each takes at least so many bytes. */
const LEAST_MEMBER_BYTES = 32;
/** Redis answers nobody else while it looks at them. */
const MOST_LOOKED_AT = 100_000;
/** What is read at once: its replies lie in memory together, twice. */
const MOST_AT_ONCE = 500;
const MOST_BYTES_AT_ONCE = 4 * 1024 * 1024;

/** What a key is, before it is read. `bytes`: as Redis estimates them. */
export type Probe = { key: RedisText } & (
  | { kind: 'there'; type: KeyType; bytes: number }
  | { kind: 'gone' }
  | { kind: 'failed'; reason: string }
);

/** What each key is, and how large: two commands a key. */
export async function probeKeys(redis: RedisReader, keys: readonly RedisText[]): Promise<Probe[]> {
  const probes = await probeOnce(redis, keys);
  const unsure = probes
    .filter((probe) => probe.kind === 'there')
    .filter(({ type, bytes }) => {
      return type !== 'string' && !isLarge({ bytes }) && bytes > SAMPLES * LEAST_MEMBER_BYTES;
    });
  const sizes = await exactSizes(redis, unsure);
  return probes.map((probe) => {
    const bytes = sizes.get(probe.key);
    return probe.kind === 'there' && bytes !== undefined ? { ...probe, bytes } : probe;
  });
}

/**
 * How large keys really are that have more members than Redis has looked at. One that has too many to
 * look at all of them counts as large; one that cannot be asked for any more is left out.
 */
export async function exactSizes(
  redis: RedisReader,
  keys: readonly { key: RedisText; type: KeyType; bytes: number }[],
): Promise<Map<RedisText, number>> {
  const sizes = new Map<RedisText, number>();
  const counts = await ask(
    redis,
    keys.map(({ key, type }) => ['call', LENGTHS[type], key]),
  );
  const asked = keys.filter(({ key, bytes }, at) => {
    const count = counts[at];
    if (typeof count !== 'number' || count <= SAMPLES) return false;
    if (count > MOST_LOOKED_AT) sizes.set(key, Math.max(bytes, MOST_WHOLE_BYTES + 1));
    return count <= MOST_LOOKED_AT;
  });
  const replies = await ask(
    redis,
    asked.map(({ key }) => ['call', 'MEMORY', 'USAGE', key, 'SAMPLES', '0']),
  );
  for (const [at, { key }] of asked.entries()) {
    const bytes = replies[at];
    if (typeof bytes === 'number') sizes.set(key, bytes);
  }
  return sizes;
}

async function probeOnce(redis: RedisReader, keys: readonly RedisText[]): Promise<Probe[]> {
  const commands = keys.flatMap((key) => [
    ['call', 'TYPE', key],
    ['call', 'MEMORY', 'USAGE', key, 'SAMPLES', String(SAMPLES)],
  ]);
  const replies = await ask(redis, commands);
  return keys.map((key, at): Probe => {
    const [type, bytes] = [replies[2 * at], replies[2 * at + 1]];
    const refused = type instanceof Error ? type : bytes instanceof Error ? bytes : undefined;
    if (refused !== undefined) return { key, kind: 'failed', reason: messageOf(refused) };
    if (type === 'none' || bytes === null) return { key, kind: 'gone' };
    if (isKeyType(type)) return { key, kind: 'there', type, bytes: bytes as number };
    return {
      key,
      kind: 'failed',
      reason: `it has the type ${String(type)}, which is not captured`,
    };
  });
}

export async function* inPortions(pages: AsyncIterable<Probe[]>): AsyncGenerator<Probe[]> {
  for await (const page of pages) yield* portionsOf(page);
}

/** Parts of what was found that can be read at once. */
export function* portionsOf(probes: readonly Probe[]): Generator<Probe[]> {
  let portion: Probe[] = [];
  let bytes = 0;
  for (const probe of probes) {
    const own = probe.kind === 'there' && !isLarge(probe) ? probe.bytes : 0;
    if (
      portion.length >= MOST_AT_ONCE ||
      (portion.length > 0 && bytes + own > MOST_BYTES_AT_ONCE)
    ) {
      yield portion;
      portion = [];
      bytes = 0;
    }
    portion.push(probe);
    bytes += own;
  }
  if (portion.length > 0) yield portion;
}

export function isLarge({ bytes }: { bytes: number }): boolean {
  return bytes > MOST_WHOLE_BYTES;
}
