import { messageOf } from '../errors.js';
import type { RedisReader } from '../redis/reader.js';
import { ask } from './ask.js';
import { type KeyType, type RedisText, isKeyType } from './value.js';

/** A key that is read by one command is at most this large, as Redis estimates it. */
const MOST_WHOLE_BYTES = 1024 * 1024;
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
  const commands = keys.flatMap((key) => [
    ['call', 'TYPE', key],
    ['call', 'MEMORY', 'USAGE', key],
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
