import { isWrongType } from '../../redis/errors.js';
import type { RedisReader } from '../../redis/reader.js';
import { sendAll } from '../../redis/reader.js';
import { checkReply } from '../../redis/shapes.js';
import type { FieldValue } from './fields.js';

/** The bytes of values that are in memory together, unless one alone has more. */
const PAGE_BYTES = 4 * 1024 * 1024;
/** Limits in bytes. */
export interface ValueLimits {
  /** Up to this a value is a text, then bytes; see `FieldValue`. */
  text: number;
  /** A longer value is not read: Redis has no command for a part of it. */
  read: number;
}

/** Where many jobs are read: it takes up to four times as much memory. */
export const MOST_ROW_BYTES = 16 * 1024 * 1024;

/** Called for each job whose data were asked for: data that are too long are not read. */
export type OnData = (id: string, wasRead: boolean) => void;

export function wasRead(value: FieldValue | undefined): boolean {
  return typeof value !== 'number';
}

/** The fields of one hash that are to be read, with their lengths in bytes. */
export interface Wish {
  key: string;
  lengths: Readonly<Record<string, number>>;
}

/** Sends the commands together. A reply about a key of a wrong type is `undefined`. */
export async function replies(
  redis: RedisReader,
  commands: readonly (readonly (string | number)[])[],
): Promise<unknown[]> {
  if (commands.length === 0) return [];
  const answers = await sendAll(
    redis,
    commands.map((command) => [...command]),
  );
  return answers.map(([error, reply], at) => {
    if (error === null) {
      checkReply(redis, commands[at] ?? [], reply);
      return reply;
    }
    if (isWrongType(error)) return undefined;
    throw error;
  });
}

/**
 * Yields the values of the fields in the order of the wishes, each with its index, reading at most a few
 * megabytes at a time.
 */
export async function* valuesOf(
  redis: RedisReader,
  wishes: readonly Wish[],
  limits: ValueLimits,
): AsyncGenerator<{ index: number; values: Record<string, FieldValue> }> {
  for (const page of pagesOf(wishes)) {
    const found = page.map(() => new Map<string, FieldValue>());
    const asked = page.flatMap(({ key, names, wish }, at) =>
      names.flatMap((name) => {
        const length = wish.lengths[name] ?? 0;
        if (length <= limits.read) return [{ key, name, at }];
        found[at]?.set(name, length);
        return [];
      }),
    );
    const answers = await replies(
      redis,
      asked.map(({ key, name }) => ['hgetBuffer', key, name]),
    );
    for (const [number, { name, at }] of asked.entries()) {
      const bytes = answers[number] as Buffer | null | undefined;
      const value = bytes ?? null;
      const isText = value !== null && value.length <= limits.text;
      found[at]?.set(name, isText ? value.toString('utf8') : value);
      answers[number] = undefined;
    }
    for (const [at, { index }] of page.entries()) {
      yield { index, values: Object.fromEntries(found[at] ?? []) };
    }
  }
}

interface Asked {
  index: number;
  key: string;
  names: string[];
  wish: Wish;
}

function* pagesOf(wishes: readonly Wish[]): Generator<Asked[]> {
  let page: Asked[] = [];
  let bytes = 0;
  for (const [index, wish] of wishes.entries()) {
    const names = Object.keys(wish.lengths);
    const size = names.reduce((sum, name) => sum + (wish.lengths[name] ?? 0), 0);
    if (page.length > 0 && bytes + size > PAGE_BYTES) {
      yield page;
      page = [];
      bytes = 0;
    }
    page.push({ index, key: wish.key, names, wish });
    bytes += size;
  }
  if (page.length > 0) yield page;
}
