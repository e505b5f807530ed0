import type { RedisReader } from '../redis/reader.js';
import { readAhead, scanKeyTexts } from '../redis/scan.js';
import { type Probe, inPortions, isLarge, portionsOf, probeKeys } from './probe.js';
import { type ReadKey, readWhole } from './read-whole.js';
import type { KeyType, KeyValue, RedisText } from './value.js';

/** How often a key is read whose type is another one each time. */
const MOST_TRIES = 3;

/**
 * Yields what the keys hold whose names match, some at a time. A key may come twice. Large keys are
 * named alone; see `readPieces`. Redis is asked for the next ones while these are worked on.
 */
export function readKeys(
  redis: RedisReader,
  pattern: string,
  signal: AbortSignal,
): AsyncGenerator<ReadKey[]> {
  const probes = readAhead(scanKeyTexts(redis, pattern, signal), (keys) => probeKeys(redis, keys));
  return readAhead(inPortions(probes), (some) => readProbed(redis, some));
}

/** Reads these keys, in their order. */
export async function readNamed(
  redis: RedisReader,
  keys: readonly RedisText[],
): Promise<ReadKey[]> {
  const found: ReadKey[] = [];
  const probes = await probeKeys(redis, keys);
  for (const some of portionsOf(probes)) found.push(...(await readProbed(redis, some)));
  return found;
}

/** What is known of a key that was read before; `undefined` for one that was not. */
export type LookUp = (key: RedisText) => { type: KeyType; bytes: number } | 'large' | undefined;

export interface KeyAgain {
  key: RedisText;
  /** `undefined` where it has gone, cannot be read, or is of another type. */
  content: KeyValue | undefined;
  kind: 'known' | 'large' | 'new';
}

/** As `readKeys`, for keys that were read before: one command for each that was not large. */
export async function* readAgainKnown(
  redis: RedisReader,
  pattern: string,
  signal: AbortSignal,
  lookUp: LookUp,
): AsyncGenerator<KeyAgain[]> {
  const pages = readAhead(scanKeyTexts(redis, pattern, signal), (keys) => Promise.resolve(keys));
  const portions = async function* (): AsyncGenerator<Probe[]> {
    for await (const keys of pages) {
      yield* portionsOf(
        keys.map((key): Probe => {
          const known = lookUp(key);
          if (known === undefined) return { key, kind: 'gone' };
          if (known === 'large') return { key, kind: 'there', type: 'string', bytes: Infinity };
          return { key, kind: 'there', ...known };
        }),
      );
    }
  };
  yield* readAhead(portions(), async (probes) => {
    const small = probes
      .filter((probe) => probe.kind === 'there')
      .filter((probe) => !isLarge(probe));
    const read = await readWhole(redis, small, false);
    return probes.map((probe): KeyAgain => {
      const { key } = probe;
      if (probe.kind !== 'there') return { key, kind: 'new', content: undefined };
      if (isLarge(probe)) return { key, kind: 'large', content: undefined };
      const found = read.get(key);
      const content = found?.kind === 'whole' ? found.content : undefined;
      return { key, kind: 'known', content };
    });
  });
}

async function readProbed(redis: RedisReader, probes: readonly Probe[]): Promise<ReadKey[]> {
  const small = probes.filter((probe) => probe.kind === 'there').filter((probe) => !isLarge(probe));
  const read = await readWhole(redis, small);
  const found: ReadKey[] = [];
  for (const probe of probes) {
    if (probe.kind !== 'there') found.push(probe);
    else if (isLarge(probe)) found.push({ ...probe, kind: 'large' });
    else {
      const whole = read.get(probe.key) ?? (await readAgain(redis, probe.key));
      if (whole.kind === 'whole') whole.bytes = probe.bytes;
      found.push(whole);
    }
  }
  return found;
}

/** Reads a key anew that has become another type meanwhile. */
async function readAgain(redis: RedisReader, key: RedisText): Promise<ReadKey> {
  for (let tries = 1; tries < MOST_TRIES; tries++) {
    const [probe] = await probeKeys(redis, [key]);
    if (probe === undefined) break;
    if (probe.kind !== 'there') return probe;
    if (isLarge(probe)) return { ...probe, kind: 'large' };
    const read = (await readWhole(redis, [probe])).get(key);
    if (read !== undefined) return read;
  }
  return { key, kind: 'failed', reason: 'it had another type each time that it was read' };
}
