import type { ArchiveWriter } from '../../archive/archive-writer.js';
import { LARGEST_KEY_LINE_BYTES } from '../../archive/limits.js';
import { countOf } from '../../count-of.js';
import { MangamotionError, isMangamotionError } from '../../errors.js';
import { KeyHashes } from '../../keyspace/key-hashes.js';
import { encodeLine, encodeValue } from '../../keyspace/line.js';
import { readAgainKnown, readKeys } from '../../keyspace/read-keys.js';
import { readPieces } from '../../keyspace/read-pieces.js';
import type { ReadKey } from '../../keyspace/read-whole.js';
import { serverFacts } from '../../keyspace/server.js';
import {
  type FieldLife,
  type KeyType,
  type KeyValue,
  type RedisText,
  emptyOf,
  shownText,
} from '../../keyspace/value.js';
import type { RedisReader } from '../../redis/reader.js';
import type { RedisSource } from '../plan/backup-plan.js';
import { redisMemberName } from '../../repository/key-members.js';
import type { RedisSummary } from '../../repository/summary.js';

interface CaptureContext {
  writer: Pick<ArchiveWriter, 'addDocument'>;
  now: () => Date;
  signal: AbortSignal;
  onProgress: (keys: number) => void;
  warn: (line: string) => void;
}

/** A member of the archive has about so many bytes. */
const MEMBER_BYTES = 4 * 1024 * 1024;
const MOST_FAILURES = 1000;
const MOST_KEYS_OF_A_LOSS = 10;
/** How often a large key is read that changes while it is. */
const MOST_TRIES = 3;

/**
 * Copies the keys of Redis into the archive. Whatever Redis does, it only makes this part of the
 * backup partial: rejects with errors of the archive and the reason of the signal alone.
 */
export async function captureRedis(
  source: RedisSource,
  context: CaptureContext,
): Promise<RedisSummary> {
  return await new RedisCapture(source, context).run();
}

class RedisCapture {
  readonly #source: RedisSource;
  readonly #context: CaptureContext;
  readonly #hashes = new KeyHashes();
  readonly #summary: RedisSummary;
  readonly #losses = new Map<string, { count: number; keys: string[] }>();
  #lines: string[] = [];
  #pendingBytes = 0;

  constructor(source: RedisSource, context: CaptureContext) {
    this.#source = source;
    this.#context = context;
    const now = context.now().toISOString();
    this.#summary = {
      status: 'complete',
      patterns: [...source.patterns],
      server_version: null,
      db: source.db,
      started_at: now,
      finished_at: now,
      keys: 0,
      types: { string: 0, hash: 0, list: 0, set: 0, zset: 0, stream: 0 },
      bytes: 0,
      members: 0,
      in_pieces: 0,
      vanished: 0,
      changed_meanwhile: null,
      losses: [],
      failures: [],
      failures_omitted: 0,
    };
  }

  async run(): Promise<RedisSummary> {
    await this.#withRedis(async (redis) => {
      this.#summary.server_version = (await serverFacts(redis)).version ?? null;
      for (const pattern of this.#source.patterns) {
        for await (const some of readKeys(redis, pattern, this.#context.signal)) {
          for (const read of some) await this.#add(redis, read);
          this.#context.onProgress(this.#summary.keys);
        }
      }
      this.#summary.changed_meanwhile = await this.#countChanges(redis);
    });
    await this.#flush();
    const summary = this.#summary;
    summary.losses = [...this.#losses].map(([what, loss]) => ({ what, ...loss }));
    summary.finished_at = this.#context.now().toISOString();
    if (summary.failures.length > 0) summary.status = 'partial';
    return summary;
  }

  /** An error of Redis becomes a failure of the whole set. */
  async #withRedis(work: (redis: RedisReader) => Promise<void>): Promise<void> {
    const { signal } = this.#context;
    let opened: Awaited<ReturnType<RedisSource['open']>> | undefined;
    try {
      opened = await this.#source.open();
      await work(opened.redis);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof OfArchive) throw error.cause;
      if (!isMangamotionError(error, 'unreachable', 'access_denied', 'configuration')) throw error;
      const { keys } = this.#summary;
      const rest = keys === 0 ? '' : ` (after ${countOf(keys, 'key')}; the others are missing)`;
      this.#fail(null, error.message + rest);
      this.#context.warn(`Redis is not captured completely: ${error.message}${rest}`);
    } finally {
      opened?.close();
    }
  }

  async #add(redis: RedisReader, read: ReadKey): Promise<void> {
    const { key } = read;
    if (read.kind === 'gone') {
      if (!this.#hashes.has(key)) this.#summary.vanished += 1;
    } else if (read.kind === 'failed') {
      if (this.#hashes.add(key, undefined)) this.#fail(key, read.reason);
    } else if (read.kind === 'large') {
      if (this.#hashes.add(key, undefined)) await this.#addLarge(redis, read);
    } else {
      const value = encodeValue(read.content);
      // SCAN may name a key twice, and several patterns may match it.
      const { type } = read.content;
      if (!this.#hashes.add(key, { value, type, bytes: read.bytes })) return;
      const line = encodeLine(key, type, read.expiresAtMs, value, undefined, livesOf(read.content));
      if (Buffer.byteLength(line) > LARGEST_KEY_LINE_BYTES) {
        await this.#addLarge(redis, { key, type, bytes: line.length });
        return;
      }
      await this.#write(line);
      this.#count(key, type, read.pending);
    }
  }

  async #addLarge(
    redis: RedisReader,
    large: { key: RedisText; type: KeyType; bytes: number },
  ): Promise<void> {
    const { key, type } = large;
    for (let tries = 1; tries <= MOST_TRIES; tries++) {
      const end = await this.#addPieces(redis, large);
      if (end.kind === 'whole') {
        this.#count(key, type, end.pending);
        this.#summary.in_pieces += 1;
        return;
      }
      if (end.reason === 'gone') {
        this.#summary.vanished += 1;
        return;
      }
      if (end.reason !== 'changed') {
        this.#fail(key, end.reason.refused);
        return;
      }
    }
    this.#fail(key, 'it was changed or replaced each time while it was read in pieces');
  }

  async #addPieces(redis: RedisReader, large: { key: RedisText; type: KeyType; bytes: number }) {
    const { key, type } = large;
    let number = 0;
    let expires: number | null = null;
    const abandon = async () => {
      if (number === 0) return;
      const piece = { number, more: false, abandoned: true };
      await this.#write(encodeLine(key, type, expires, encodeValue(emptyOf(type)), piece));
    };
    try {
      for await (const read of readPieces(redis, large, this.#context.signal)) {
        if (read.kind === 'abandoned') {
          await abandon();
          return read;
        }
        const { content, expiresAtMs, more, pending } = read;
        expires = expiresAtMs;
        const piece = { number, more, abandoned: false };
        const value = encodeValue(content);
        const line = encodeLine(key, type, expiresAtMs, value, piece, livesOf(content));
        if (Buffer.byteLength(line) > LARGEST_KEY_LINE_BYTES) {
          await abandon();
          return { kind: 'abandoned', reason: { refused: TOO_LARGE } } as const;
        }
        await this.#write(line);
        number += 1;
        if (!more) return { kind: 'whole', pending } as const;
      }
    } catch (error) {
      // Redis has gone away: pieces without an end would be damage to whoever reads the archive.
      if (!(error instanceof OfArchive) && !this.#context.signal.aborted) await abandon();
      throw error;
    }
    await abandon();
    return { kind: 'abandoned', reason: 'changed' } as const;
  }

  #count(key: RedisText, type: KeyType, pending: number): void {
    this.#summary.keys += 1;
    this.#summary.types[type] += 1;
    if (pending === 0) return;
    const what = 'pending entries of consumer groups';
    const loss = this.#losses.get(what) ?? { count: 0, keys: [] };
    loss.count += pending;
    if (loss.keys.length < MOST_KEYS_OF_A_LOSS) loss.keys.push(shownText(key));
    this.#losses.set(what, loss);
  }

  /** `key`: `null` where it is the whole set. */
  #fail(key: RedisText | null, reason: string): void {
    const { failures } = this.#summary;
    const failure = { key: key === null ? null : shownText(key), reason };
    if (failures.length < MOST_FAILURES) failures.push(failure);
    else this.#summary.failures_omitted += 1;
  }

  async #write(line: string): Promise<void> {
    const bytes = Buffer.byteLength(line) + 1;
    if (this.#pendingBytes > 0 && this.#pendingBytes + bytes > MEMBER_BYTES) await this.#flush();
    this.#lines.push(line);
    this.#pendingBytes += bytes;
  }

  async #flush(): Promise<void> {
    if (this.#lines.length === 0) return;
    const content = Buffer.from(`${this.#lines.join('\n')}\n`);
    this.#lines = [];
    this.#pendingBytes = 0;
    try {
      await this.#context.writer.addDocument(redisMemberName(this.#summary.members), content);
    } catch (error) {
      // One of an archive in a bucket looks like one of Redis.
      throw new OfArchive(error);
    }
    this.#summary.members += 1;
    this.#summary.bytes += content.length;
  }

  /** Reads all keys once more. Resolves to how many are not as they were; `null` if Redis fails then. */
  async #countChanges(redis: RedisReader): Promise<number | null> {
    const { signal } = this.#context;
    let changed = 0;
    const appeared = new KeyHashes();
    try {
      for (const pattern of this.#source.patterns) {
        const lookUp = (key: RedisText) => this.#hashes.find(key);
        for await (const some of readAgainKnown(redis, pattern, signal, lookUp)) {
          for (const { key, kind, content } of some) {
            const value = content === undefined ? undefined : encodeValue(content);
            const isChanged =
              kind === 'new' ? appeared.add(key, undefined) : !this.#hashes.meet(key, value);
            if (isChanged) changed += 1;
          }
        }
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof MangamotionError)) throw error;
      this.#context.warn(`how many keys changed meanwhile is not known: ${error.message}`);
      return null;
    }
    return changed + this.#hashes.unmet();
  }
}

function livesOf(content: KeyValue): readonly FieldLife[] {
  return content.type === 'hash' ? (content.lives ?? []) : [];
}

const TOO_LARGE = 'it has a member that is too large for a line of the archive';

class OfArchive extends Error {
  constructor(cause: unknown) {
    super('the archive cannot be written', { cause });
  }
}
