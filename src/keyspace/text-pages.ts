import { hash } from 'node:crypto';
import type { RedisReader } from '../redis/reader.js';
import { asked } from './ask.js';
import { type RedisText, textOf } from './value.js';

export interface TextPage {
  text: RedisText;
  /** Whether the text ends behind this page, and is as it was in the first reading. */
  ends: boolean;
}

/**
 * Reads a large text twice, and yields the pages of the second reading. As long as each is as it was in
 * the first, all of them are of the moment between the two. It ends early where one is not.
 */
export async function* textPages(
  redis: RedisReader,
  key: RedisText,
  pageBytes: number,
  signal: AbortSignal,
): AsyncGenerator<TextPage> {
  const digests: string[] = [];
  for await (const bytes of bytePages(redis, key, pageBytes, signal)) {
    digests.push(hash('sha256', bytes));
  }
  let at = 0;
  let rest: Buffer = Buffer.alloc(0);
  for await (const bytes of bytePages(redis, key, pageBytes, signal)) {
    if (hash('sha256', bytes) !== digests[at]) return;
    at += 1;
    const ends = at === digests.length;
    const all = Buffer.concat([rest, bytes]);
    const whole = ends ? all : withoutPart(all);
    rest = all.subarray(whole.length);
    yield { text: textOf(whole), ends };
  }
}

/** The last page is shorter than the others, and may be empty. */
async function* bytePages(
  redis: RedisReader,
  key: RedisText,
  pageBytes: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  for (let from = 0; ; from += pageBytes) {
    signal.throwIfAborted();
    const [reply] = await asked(redis, [
      ['callBuffer', 'GETRANGE', key, String(from), String(from + pageBytes - 1)],
    ]);
    const bytes = reply as Buffer;
    yield bytes;
    if (bytes.length < pageBytes) return;
  }
}

/** Leaves a character that is cut at the end to the next page: texts stay texts. */
function withoutPart(bytes: Buffer): Buffer {
  for (let back = 1; back <= 3; back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return bytes;
    // The first byte of a character tells how many there are.
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return length > back ? bytes.subarray(0, bytes.length - back) : bytes;
    }
  }
  return bytes;
}
