import { createHash } from 'node:crypto';
import type { ObjectStore } from '../../../src/object-store/port.js';
import type { Next, OddServer } from '../../helpers/odd-proxy.js';
import { type OddAnswer, type OddRequest, refusal, withBody } from '../../helpers/odd-messages.js';
import { contentOf, inParallel } from '../../helpers/test-store.js';

/** Random faults in a server's answers, and the store behind them as it really is. */

/** What is wrong with one bucket of the server during one command. Keys are meant by their number. */
export type Fault = { bucket: BucketNumber } & (
  | { kind: 'get'; key: number; status: number; code: string }
  | { kind: 'head'; key: number; status: number; code: string }
  | { kind: 'flip'; key: number }
  | { kind: 'hide'; keys: number[] }
  | { kind: 'end-early'; after: number; ignoresStartAfter: boolean }
  | { kind: 'not-listed'; status: number; code: string }
  | { kind: 'no-tags' }
);

/** The buckets of a history, by their place. */
export type BucketNumber = 0 | 1;

function keyOf(number: number): string {
  return `k${String(number).padStart(2, '0')}`;
}

/** A server with these faults at once. */
export function faulty(faults: readonly Fault[], buckets: readonly string[]): OddServer {
  const ofBucket = (name: string) => faults.filter(({ bucket }) => buckets[bucket] === name);
  return {
    entries: (all, of) => {
      const hidden = ofBucket(of).flatMap((f) => (f.kind === 'hide' ? f.keys.map(keyOf) : []));
      return all.filter(({ key }) => !hidden.includes(key));
    },
    handle: async (request, next) => {
      const here = ofBucket(request.bucket);
      return refusalOf(here, request) ?? (await changed(here, request, next));
    },
  };
}

/** What the server answers by itself. */
function refusalOf(faults: readonly Fault[], request: OddRequest): OddAnswer | undefined {
  for (const fault of faults) {
    switch (fault.kind) {
      case 'not-listed':
        if (request.operation !== 'ListObjectsV2') break;
        return refusal(fault.status, fault.code);
      case 'no-tags':
        if (request.operation !== 'GetObjectTagging') break;
        return refusal(501, 'NotImplemented');
      case 'get':
      case 'head': {
        const operation = fault.kind === 'get' ? 'GetObject' : 'HeadObject';
        if (request.operation !== operation || request.key !== keyOf(fault.key)) break;
        return refusal(fault.status, fault.code);
      }
      case 'flip':
      case 'hide':
      case 'end-early':
    }
  }
  return undefined;
}

/** What the server behind answers, changed. */
async function changed(
  faults: readonly Fault[],
  request: OddRequest,
  next: Next,
): Promise<OddAnswer> {
  const early = faults.find((fault) => fault.kind === 'end-early');
  const ignored = early?.ignoresStartAfter === true ? 'start-after' : undefined;
  const query = new Map([...request.query].filter(([name]) => name !== ignored));
  const answer = await next({ ...request, query });
  if (early !== undefined && answer.page?.truncated === true) {
    const isAtEnd = answer.page.entries.some(({ key }) => key >= keyOf(early.after));
    if (isAtEnd) answer.page = { ...answer.page, truncated: false, token: undefined };
  }
  const isFlipped =
    request.operation === 'GetObject' &&
    answer.status === 200 &&
    faults.some((fault) => fault.kind === 'flip' && request.key === keyOf(fault.key));
  return isFlipped ? withBody(answer, flipped(answer.body)) : answer;
}

function flipped(body: Buffer): Buffer {
  const changed = Buffer.from(body);
  if (changed.length > 0) changed.writeUInt8(changed.readUInt8(0) ^ 1, 0);
  return changed;
}

/** The name of an object in all that a history holds: keys repeat from bucket to bucket. */
export function nameOf(bucket: BucketNumber, key: string): string {
  return `${bucket}/${key}`;
}

/** The objects of the buckets as they really are: SHA-256 by name. */
export class Truth {
  readonly objects = new Map<string, string>();
  readonly #store: ObjectStore;
  readonly #buckets: readonly string[];

  constructor(store: ObjectStore, buckets: readonly string[]) {
    this.#store = store;
    this.#buckets = buckets;
  }

  async put(bucket: BucketNumber, numbers: readonly number[], content: number): Promise<void> {
    await inParallel(8, new Set(numbers), async (number) => {
      const key = keyOf(number);
      const text = `content ${content} of ${key}`;
      await this.#store.putObject(this.#nameOf(bucket), key, contentOf(text));
      this.objects.set(nameOf(bucket, key), createHash('sha256').update(text).digest('hex'));
    });
  }

  async remove(bucket: BucketNumber, numbers: readonly number[]): Promise<void> {
    await inParallel(8, new Set(numbers), async (number) => {
      await this.#store.deleteObject(this.#nameOf(bucket), keyOf(number));
      this.objects.delete(nameOf(bucket, keyOf(number)));
    });
  }

  #nameOf(bucket: BucketNumber): string {
    return this.#buckets[bucket] ?? '';
  }
}

/**
 * Nobody can know of an object that a server never lists and no backup holds; nor of one that it
 * lists nowhere and denies when asked.
 */
export function isUnknowable(
  faults: readonly Fault[],
  name: string,
  before: ReadonlyMap<string, unknown>,
): boolean {
  const here = faults.filter(({ bucket }) => name.startsWith(nameOf(bucket, '')));
  const isHidden = here.some(
    (fault) =>
      (fault.kind === 'hide' &&
        fault.keys.some((key) => name === nameOf(fault.bucket, keyOf(key)))) ||
      (fault.kind === 'end-early' && fault.ignoresStartAfter),
  );
  const isDenied = here.some(
    (fault) =>
      (fault.kind === 'head' || fault.kind === 'get') &&
      fault.status === 404 &&
      name === nameOf(fault.bucket, keyOf(fault.key)),
  );
  return isHidden && (isDenied || !before.has(name));
}
