import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MangamotionError, isMangamotionError } from '../../src/errors.js';
import { compareKeys } from '../../src/key-order.js';
import type { ListPageOptions, ObjectHead, ObjectStore } from '../../src/object-store/port.js';

/** A store in memory that knows what it has held, and when. */

/** What an object was, from one moment to another; `until` is Infinity while it is that. */
export interface Held {
  sha256: string;
  sizeBytes: number;
  fromMs: number;
  untilMs: number;
}

export interface Stored {
  content: Buffer;
  etag: string;
  modifiedMs: number;
}

/** Throws what a request fails with. `key`: absent for requests about the bucket. */
export type Faults = (request: 'list' | 'read', bucket: string, key?: string) => void;

/** Tells another time whenever it is asked, and later ones only. */
export class WorldClock {
  #lastMs = Date.parse('2026-11-01T02:00:00Z');
  #aheadMs = 0;
  readonly #begunMs = performance.now();
  readonly #fromMs = this.#lastMs;

  nowMs(): number {
    const wallMs = Math.floor(this.#fromMs + this.#aheadMs + performance.now() - this.#begunMs);
    this.#lastMs = Math.max(this.#lastMs + 1, wallMs);
    return this.#lastMs;
  }

  advance(ms: number): void {
    this.#aheadMs += ms;
  }
}

const PAGE = 3;

export class RecordedStore {
  readonly clock: WorldClock;
  /** The current objects. */
  readonly buckets = new Map<string, Map<string, Stored>>();
  /** By bucket, then by key, oldest first. */
  readonly history = new Map<string, Map<string, Held[]>>();
  /** When buckets came and went. */
  readonly lives = new Map<string, { fromMs: number; untilMs: number }[]>();
  readonly #turns: () => number;

  /** `turns`: how many turns of the event loop an answer takes. */
  constructor(clock: WorldClock, turns: () => number) {
    this.clock = clock;
    this.#turns = turns;
  }

  createBucket(bucket: string): void {
    if (this.buckets.has(bucket)) return;
    this.buckets.set(bucket, new Map());
    const lives = this.lives.get(bucket) ?? [];
    lives.push({ fromMs: this.clock.nowMs(), untilMs: Infinity });
    this.lives.set(bucket, lives);
  }

  deleteBucket(bucket: string): void {
    for (const key of this.buckets.get(bucket)?.keys() ?? []) this.delete(bucket, key);
    if (!this.buckets.delete(bucket)) return;
    const life = this.lives.get(bucket)?.at(-1);
    if (life !== undefined) life.untilMs = this.clock.nowMs();
  }

  put(bucket: string, key: string, text: string): void {
    const objects = this.buckets.get(bucket);
    if (objects === undefined) return;
    const content = Buffer.from(text);
    const nowMs = this.clock.nowMs();
    this.#end(bucket, key, nowMs);
    const digest = (name: string): string => createHash(name).update(content).digest('hex');
    objects.set(key, { content, etag: digest('md5'), modifiedMs: nowMs });
    const keys = this.history.get(bucket) ?? new Map<string, Held[]>();
    this.history.set(bucket, keys);
    const held = keys.get(key) ?? [];
    keys.set(key, held);
    const [sha256, sizeBytes] = [digest('sha256'), content.length];
    held.push({ sha256, sizeBytes, fromMs: nowMs, untilMs: Infinity });
  }

  delete(bucket: string, key: string): void {
    if (this.buckets.get(bucket)?.delete(key) !== true) return;
    this.#end(bucket, key, this.clock.nowMs());
  }

  #end(bucket: string, key: string, nowMs: number): void {
    const last = this.history.get(bucket)?.get(key)?.at(-1);
    if (last?.untilMs === Infinity) last.untilMs = nowMs;
  }

  /** A connection to it. Several may fail in different ways. */
  connect(faults: Faults = () => undefined): ObjectStore {
    const ask = async (signal: AbortSignal | undefined, request: () => void): Promise<void> => {
      for (let turn = this.#turns(); turn > 0; turn--) await nextTurn();
      signal?.throwIfAborted();
      request();
    };
    const objectsOf = (bucket: string): Map<string, Stored> => {
      const objects = this.buckets.get(bucket);
      if (objects === undefined) throw refusal('not_found', 'NoSuchBucket', 404);
      return objects;
    };
    const read = async (bucket: string, key: string, signal?: AbortSignal): Promise<Stored> => {
      await ask(signal, () => faults('read', bucket, key));
      const object = objectsOf(bucket).get(key);
      if (object === undefined) throw refusal('not_found', 'NoSuchKey', 404);
      return object;
    };
    const listPage = async (
      bucket: string,
      { prefix = '', startAfter, token, maxKeys = PAGE, signal }: ListPageOptions = {},
    ) => {
      await ask(signal, () => faults('list', bucket));
      const after = token ?? startAfter ?? '';
      const found = [...objectsOf(bucket)]
        .filter(([key]) => key.startsWith(prefix) && (after === '' || compareKeys(key, after) > 0))
        .sort(([a], [b]) => compareKeys(a, b));
      const objects = found.slice(0, Math.min(PAGE, maxKeys)).map(([key, object]) => ({
        key,
        sizeBytes: object.content.length,
        etag: object.etag,
        lastModified: new Date(object.modifiedMs).toISOString(),
      }));
      const nextToken = found.length > objects.length ? (objects.at(-1)?.key ?? null) : null;
      return { objects, nextToken };
    };
    const store: Partial<ObjectStore> = {
      endpoint: 'http://recorded',
      listBuckets: async ({ signal } = {}) => {
        await ask(signal, () => undefined);
        return [...this.buckets.keys()].sort().map((name) => ({ name, createdAt: null }));
      },
      bucketExists: async (bucket, { signal } = {}) => {
        await ask(signal, () => undefined);
        return this.buckets.has(bucket);
      },
      bucketRegion: () => Promise.resolve(null),
      readBucketDocument: async (bucket, _, { signal } = {}) => {
        await ask(signal, () => objectsOf(bucket));
        return { state: 'none' };
      },
      listPage,
      async *listObjects(bucket, { prefix, startAfter, signal } = {}) {
        let token: string | undefined;
        for (;;) {
          const place = token === undefined ? { startAfter } : { token };
          const page = await listPage(bucket, { prefix, signal, ...place });
          yield page.objects;
          if (page.nextToken === null) return;
          token = page.nextToken;
        }
      },
      headObject: async (bucket, key, { signal } = {}) => {
        // The answer to HEAD has no body that would tell what is missing.
        const object = await read(bucket, key, signal).catch((error: unknown) => {
          if (!isMangamotionError(error, 'not_found')) throw error;
          throw refusal('not_found', 'NotFound', 404);
        });
        return headOf(object);
      },
      readObject: async (bucket, key, { signal }) => {
        const object = await read(bucket, key, signal);
        return { head: headOf(object), content: Buffer.from(object.content) };
      },
      getObjectTags: async (bucket, key, { signal } = {}) => {
        await read(bucket, key, signal);
        return [];
      },
      close: () => undefined,
    };
    return store as ObjectStore;
  }
}

function headOf({ content, etag, modifiedMs }: Stored): ObjectHead {
  return {
    ...{ sizeBytes: content.length, etag, lastModified: new Date(modifiedMs).toISOString() },
    ...{ versionId: null, headers: {}, metadata: {}, missingMetadata: 0, tagCount: 0 },
    ...{ etagIsMd5: true, encryption: null, storageClass: null, checksums: {} },
    ...{ retention: null, legalHold: false },
  };
}

export function refusal(
  code: 'access_denied' | 'not_found' | 'unreachable',
  s3Code: string,
  status: number,
): MangamotionError {
  return new MangamotionError(code, `the store answered ${s3Code}`, {
    cause: Object.assign(new Error(s3Code), { code: s3Code }),
    request: { operation: 'Request', status, code: s3Code },
  });
}
