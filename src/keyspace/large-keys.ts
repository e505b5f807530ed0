import { randomBytes } from 'node:crypto';
import { unexpectedReply } from '../redis/errors.js';
import { type RedisReader, sendAll } from '../redis/reader.js';
import { checkReply } from '../redis/shapes.js';
import { ask } from './ask.js';
import { FIELD_IS_GONE, hasFieldLives, lifeOfFields, timesOf } from './field-lives.js';
import { type KeyLine, encodeValue } from './line.js';
import { nowOf } from './lives.js';
import { LENGTHS, entriesOf, streamEndOf } from './replies.js';
import {
  type KeyType,
  type KeyValue,
  type RedisText,
  identityOf,
  scoreOf,
  textOf,
} from './value.js';
import { isSameLife, livesById, livingOf } from './write-field-lives.js';
import { additionOf, creationOf, endOfStream, lifeCommand, transact } from './write-keys.js';

/** Keys that come in pieces, of which only one is in memory. */

/** What is begun and not ended vanishes by itself after this time. */
const UNFINISHED_LIFE_SECONDS = 3600;
const MOST_TRIES = 1000;

export const UNFINISHED_PREFIX = 'mangamotion:restore:';

/** Compares a key on the server with its pieces in a backup, as they come. */
export class LargeComparison {
  readonly #redis: RedisReader;
  readonly #key: RedisText;
  readonly #type: KeyType;
  /** Texts: bytes; streams: entries; lists, sets and so on: items so far. */
  #count = 0;
  #standing: 'create' | 'same' | 'other' = 'same';
  readonly #nowMs: number;
  /** Whether fields of it expire that are not over yet. */
  expiresFields = false;

  private constructor(redis: RedisReader, key: RedisText, type: KeyType, nowMs: number) {
    this.#redis = redis;
    this.#key = key;
    this.#type = type;
    this.#nowMs = nowMs;
  }

  static async begin(redis: RedisReader, { key, content }: KeyLine): Promise<LargeComparison> {
    const comparison = new LargeComparison(redis, key, content.type, await nowOf(redis));
    const [type] = await comparison.#ask([['call', 'TYPE', key]]);
    if (type === 'none') comparison.#standing = 'create';
    else if (type !== content.type) comparison.#standing = 'other';
    return comparison;
  }

  async add(line: KeyLine): Promise<void> {
    const content = livingOf(line.content, this.#nowMs);
    this.expiresFields ||= livesById(content).size > 0;
    if (this.#standing !== 'same') return;
    if (!(await this.#holds(content))) this.#standing = 'other';
    this.#count += countOf(content);
  }

  /** What the key is beside the backup; `last` is its last piece. */
  async end(last: KeyLine): Promise<'create' | 'same' | 'other'> {
    if (this.#standing !== 'same') return this.#standing;
    const [length] = await this.#ask([['call', LENGTHS[this.#type], this.#key]]);
    // Members may have come twice.
    const isOrdered = ['string', 'list', 'stream'].includes(this.#type);
    const isSame = isOrdered ? length === this.#count : (length as number) <= this.#count;
    if (!isSame || (last.content.type === 'stream' && !(await this.#endsLike(last))))
      return 'other';
    return 'same';
  }

  async #endsLike({ content }: KeyLine): Promise<boolean> {
    const [info, groups] = await this.#ask([
      ['call', 'XINFO', 'STREAM', this.#key],
      ['callBuffer', 'XINFO', 'GROUPS', this.#key],
    ]);
    const { value } = streamEndOf(this.#redis, info, groups);
    const now = encodeValue({ type: 'stream', value: { entries: [], ...value } });
    return now === encodeValue(content);
  }

  async #holds(content: KeyLine['content']): Promise<boolean> {
    const key = this.#key;
    switch (content.type) {
      case 'string': {
        const bytes = bytesOf(content.value);
        if (bytes.length === 0) return true;
        const [from, to] = [this.#count, this.#count + bytes.length - 1];
        const [now] = await this.#ask([['callBuffer', 'GETRANGE', key, String(from), String(to)]]);
        return (now as Buffer).equals(bytes);
      }
      case 'list': {
        if (content.value.length === 0) return true;
        const to = this.#count + content.value.length - 1;
        const [now] = await this.#ask([
          ['callBuffer', 'LRANGE', key, String(this.#count), String(to)],
        ]);
        const value = (now as Buffer[]).map(textOf);
        return encodeValue({ type: 'list', value }) === encodeValue(content);
      }
      case 'hash': {
        const values = await this.#ask(content.value.map(([field]) => ['hgetBuffer', key, field]));
        if (!content.value.every(([, value], at) => isBytes(values[at], value))) return false;
        return await this.#hasLivesOf(content);
      }
      case 'set': {
        const known = await this.#ask(
          content.value.map((member) => ['call', 'SISMEMBER', key, member]),
        );
        return known.every((one) => one === 1);
      }
      case 'zset': {
        const scores = await this.#ask(content.value.map(([member]) => ['zscore', key, member]));
        return content.value.every(([, score], at) => {
          const now = scores[at];
          return typeof now === 'string' && scoreOf(now) === scoreOf(score);
        });
      }
      case 'stream': {
        const { entries } = content.value;
        const [first, last] = [entries.at(0)?.[0], entries.at(-1)?.[0]];
        if (first === undefined || last === undefined) return true;
        const most = String(entries.length + 1);
        const [now] = await this.#ask([['callBuffer', 'XRANGE', key, first, last, 'COUNT', most]]);
        const value = { ...content.value, entries: entriesOf(this.#redis, now as unknown[]) };
        return encodeValue({ type: 'stream', value }) === encodeValue(content);
      }
    }
  }

  async #hasLivesOf(content: KeyValue & { type: 'hash' }): Promise<boolean> {
    if (content.value.length === 0) return true;
    const wanted = livesById(content);
    if (!(await hasFieldLives(this.#redis, this.#key))) return wanted.size === 0;
    const [reply] = await this.#ask([lifeOfFields(this.#key, content.value)]);
    if (this.#standing !== 'same') return false;
    const times = timesOf(this.#redis, content.value.length, reply);
    return content.value.every(([field], at) => {
      const now = times[at] ?? FIELD_IS_GONE;
      return isSameLife(wanted.get(identityOf(field)) ?? null, now < 0 ? null : now);
    });
  }

  /** A refusal ends the comparison: the key cannot be said to be the same. */
  async #ask(commands: unknown[][]): Promise<unknown[]> {
    if (commands.length === 0) return [];
    const replies = await ask(this.#redis, commands);
    if (replies.some((reply) => reply instanceof Error)) this.#standing = 'other';
    return replies.map((reply) => (reply instanceof Error ? [] : reply));
  }
}

function countOf(content: KeyLine['content']): number {
  if (content.type === 'string') return bytesOf(content.value).length;
  if (content.type === 'stream') return content.value.entries.length;
  return content.value.length;
}

function bytesOf(text: RedisText): Buffer {
  return typeof text === 'string' ? Buffer.from(text) : text;
}

function isBytes(reply: unknown, text: RedisText): boolean {
  return Buffer.isBuffer(reply) && identityOf(textOf(reply)) === identityOf(text);
}

/** A key that is being built under another name, and takes its own when it is complete. */
export class LargeWrite {
  readonly #redis: RedisReader;
  readonly #key: RedisText;
  readonly #name = `${UNFINISHED_PREFIX}${randomBytes(12).toString('hex')}`;
  #isBegun = false;
  #nowMs: number | undefined;
  #refused: string | undefined;

  constructor(redis: RedisReader, key: RedisText) {
    this.#redis = redis;
    this.#key = key;
  }

  async add(line: KeyLine): Promise<void> {
    this.#nowMs ??= await nowOf(this.#redis);
    const commands = this.#commandsFor({ ...line, content: livingOf(line.content, this.#nowMs) });
    if (commands.length === 0 || this.#refused !== undefined) return;
    // With its first content the key gets an end, so that nothing stays if this process dies.
    const expire = ['call', 'EXPIRE', this.#name, String(UNFINISHED_LIFE_SECONDS)];
    const done = await transact(this.#redis, [...commands, expire] as typeof commands);
    if (typeof done === 'object') this.#refused = done.refused;
    this.#isBegun = true;
  }

  #commandsFor({ content, piece }: KeyLine): ReturnType<typeof additionOf> {
    const name = this.#name;
    if (content.type === 'string') {
      return content.value.length === 0 ? [] : [['call', 'APPEND', name, content.value]];
    }
    const isLast = piece?.more !== true;
    if (content.type !== 'stream' || !isLast) return additionOf(name, content);
    const { lastId, groups, entries } = content.value;
    if (!this.#isBegun) return creationOf(name, content);
    return [
      ...additionOf(name, { type: 'stream', value: { entries, lastId, groups } }),
      ...endOfStream(name, lastId, groups),
    ];
  }

  /**
   * Gives the key its name. With `onlyNew`, resolves to `there` where somebody else has made it
   * meanwhile, and nothing is changed.
   */
  async commit(
    life: number | null,
    onlyNew: boolean,
  ): Promise<'written' | 'there' | { refused: string }> {
    for (let tries = 0; tries < MOST_TRIES && this.#refused === undefined; tries++) {
      await this.#redis.call('WATCH', this.#key);
      const [there] = await ask(this.#redis, [['exists', this.#key]]);
      if (onlyNew && there !== 0) {
        await this.#redis.call('UNWATCH');
        await this.drop();
        return 'there';
      }
      const done = await transact(this.#redis, [
        lifeCommand(this.#name, life),
        ['call', 'RENAME', this.#name, this.#key],
      ]);
      if (done === 'done') return 'written';
      if (done !== 'changed') this.#refused = done.refused;
    }
    await this.drop();
    return { refused: this.#refused ?? 'others changed it each time' };
  }

  async drop(): Promise<void> {
    const [reply] = await sendAll(this.#redis, [['call', 'DEL', this.#name]]);
    if (reply === undefined) throw unexpectedReply(this.#redis.server, 'DEL');
    checkReply(this.#redis, ['exists'], reply[1] ?? 0);
  }
}
