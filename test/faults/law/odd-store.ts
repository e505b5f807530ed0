import { createHash } from 'node:crypto';
import type { ObjectStore } from '../../../src/object-store/port.js';
import type { OddServer } from '../../helpers/odd-proxy.js';
import { refusal, withBody } from '../../helpers/odd-messages.js';
import { contentOf } from '../../helpers/test-store.js';

/** Random faults in a server's answers, and the store behind them as it really is. */

/** What is wrong with the server during one command. Keys are meant by their number. */
export type Fault =
  | { kind: 'get'; key: number; status: number; code: string }
  | { kind: 'head'; key: number; status: number; code: string }
  | { kind: 'flip'; key: number }
  | { kind: 'hide'; keys: number[] }
  | { kind: 'end-early'; after: number; ignoresStartAfter: boolean }
  | { kind: 'not-listed'; status: number; code: string }
  | { kind: 'no-tags' };

export function keyOf(number: number): string {
  return `k${String(number).padStart(2, '0')}`;
}

/** A server with these faults at once. */
export function faulty(faults: readonly Fault[], bucket: string): OddServer {
  const hidden = new Set(faults.flatMap((f) => (f.kind === 'hide' ? f.keys.map(keyOf) : [])));
  return {
    entries: (all, of) => (of === bucket ? all.filter(({ key }) => !hidden.has(key)) : all),
    handle: async (request, next) => {
      if (request.bucket !== bucket) return await next(request);
      for (const fault of faults) {
        if (fault.kind === 'not-listed' && request.operation === 'ListObjectsV2') {
          return refusal(fault.status, fault.code);
        }
        if (fault.kind === 'no-tags' && request.operation === 'GetObjectTagging') {
          return refusal(501, 'NotImplemented');
        }
        if (!('key' in fault) || request.key !== keyOf(fault.key)) continue;
        if (fault.kind === 'get' && request.operation === 'GetObject') {
          return refusal(fault.status, fault.code);
        }
        if (fault.kind === 'head' && request.operation === 'HeadObject') {
          return refusal(fault.status, fault.code);
        }
      }
      const early = faults.find((fault) => fault.kind === 'end-early');
      const ignores = early?.ignoresStartAfter === true && request.query.has('start-after');
      const asked = ignores
        ? {
            ...request,
            query: new Map([...request.query].filter(([name]) => name !== 'start-after')),
          }
        : request;
      const answer = await next(asked);
      if (early !== undefined && answer.page?.truncated === true) {
        const { entries } = answer.page;
        const isAtEnd = entries.some(({ key }) => key >= keyOf(early.after));
        if (isAtEnd) answer.page = { ...answer.page, truncated: false, token: undefined };
      }
      const isFlipped =
        request.operation === 'GetObject' &&
        answer.status === 200 &&
        faults.some((fault) => fault.kind === 'flip' && request.key === keyOf(fault.key));
      return isFlipped ? withBody(answer, flipped(answer.body)) : answer;
    },
  };
}

function flipped(body: Buffer): Buffer {
  const changed = Buffer.from(body);
  if (changed.length > 0) changed.writeUInt8(changed.readUInt8(0) ^ 1, 0);
  return changed;
}

/** The objects of a bucket as they really are: SHA-256 by key. */
export class Truth {
  readonly objects = new Map<string, string>();
  readonly #store: ObjectStore;
  readonly #bucket: string;

  constructor(store: ObjectStore, bucket: string) {
    this.#store = store;
    this.#bucket = bucket;
  }

  async put(number: number, content: number): Promise<void> {
    const key = keyOf(number);
    const text = `content ${content} of ${key}`;
    await this.#store.putObject(this.#bucket, key, contentOf(text));
    this.objects.set(key, createHash('sha256').update(text).digest('hex'));
  }

  async remove(number: number): Promise<void> {
    await this.#store.deleteObject(this.#bucket, keyOf(number));
    this.objects.delete(keyOf(number));
  }
}
