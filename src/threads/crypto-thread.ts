import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { type Block, SharedRing } from './shared-ring.js';
import {
  type Answer,
  type Places,
  type Request,
  TAG_BYTES,
  type Task,
  answerRequests,
} from './crypto-thread-code.js';

/** Lower-case hex. */
export interface Digests {
  sha256: string;
  md5: string;
}

/** A SHA-256 of bytes that come one after the other. */
export interface RunningDigest {
  /** Its number on the thread. */
  readonly stream: number;
  /** Resolves when the bytes are taken in. They must not change before. */
  update(chunks: readonly Uint8Array[]): Promise<void>;
  /** Resolves to lower-case hex. Nothing may be added afterwards. */
  finish(): Promise<string>;
}

/** Plaintext in parts, of which each is sealed by itself. */
export interface Unsealed {
  /** 12 bytes for each part. */
  nonces: Uint8Array;
  /** The pieces of each part. */
  parts: readonly (readonly Uint8Array[])[];
}

interface Waiting {
  resolve: (answer: Answer) => void;
  reject: (error: Error) => void;
}

/** Below this size, a message to the thread costs more than the digests. */
const WORTH_SENDING_BYTES = 64 * 1024;
/** Room for bytes that are not shared: heads between the pieces of objects, deflated members. */
const STAGING_BYTES = 2 * 1024 * 1024;
/** Room for sealed bytes: 2 MiB that are being written, and 2 MiB that are being sealed. */
const SEALED_BYTES = 5 * 1024 * 1024;

/**
 * A thread that computes digests and encrypts: on the main thread both would limit the speed of a
 * backup, because MD5 runs at about 700 MB/s. Tasks are done one after the other, in the order in
 * which they are given.
 */
export class CryptoThread {
  readonly #worker = new Worker(`(${answerRequests.toString()})()`, { eval: true });
  readonly #waiting = new Map<number, Waiting>();
  readonly #staging = new SharedRing(STAGING_BYTES);
  readonly #sealed = new SharedRing(SEALED_BYTES);
  /** The memories that the thread knows, and their indexes. */
  readonly #known = new Map<ArrayBufferLike, number>();
  #nextMemory = 0;
  #nextId = 0;
  /** What is asked for in this turn of the event loop. It is sent in one message. */
  #unsent: Request = { memories: [], forget: [], tasks: [] };
  #failure: Error | undefined;

  constructor() {
    this.#worker.on('message', (answers: Answer[]) => {
      for (const answer of answers) {
        this.#waiting.get(answer.id)?.resolve(answer);
        this.#waiting.delete(answer.id);
      }
      // Idle, the thread does not keep the process alive.
      if (this.#waiting.size === 0) this.#worker.unref();
    });
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('the crypto thread has ended')));
    this.#worker.unref();
    this.share(this.#staging);
    this.share(this.#sealed);
  }

  /** Makes a ring known to the thread, whose blocks are then not copied, until `forget`. */
  share({ memory }: SharedRing): void {
    this.#known.set(memory, this.#introduce(memory));
  }

  forget({ memory }: SharedRing): void {
    const index = this.#known.get(memory);
    if (index !== undefined) this.#unsent.forget.push(index);
    this.#known.delete(memory);
  }

  /** Computes digests. The bytes must not change meanwhile. Rejects if the thread has ended. */
  async digest(bytes: Uint8Array): Promise<Digests> {
    if (this.#failure !== undefined) throw this.#failure;
    const isShared = bytes.buffer instanceof SharedArrayBuffer;
    if (!isShared || bytes.length < WORTH_SENDING_BYTES) return digestHere(bytes);
    const lent = this.#lend([bytes]);
    const { sha256, md5 } = await this.#ask({ kind: 'digest', places: lent.places }, lent);
    return { sha256, md5 };
  }

  beginDigest(): RunningDigest {
    const stream = this.#nextId++;
    return {
      stream,
      update: async (chunks) => {
        const lent = this.#lend(chunks);
        await this.#ask({ kind: 'update', stream, places: lent.places }, lent);
      },
      finish: async () => (await this.#ask({ kind: 'finish', stream })).sha256,
    };
  }

  /**
   * Seals parts with ChaCha20-Poly1305, each with its tag behind it, and resolves to them one after
   * the other. `key` has 32 bytes. The plaintext must not change meanwhile. `digest` takes in what is
   * sealed.
   */
  async seal(key: Uint8Array, { nonces, parts }: Unsealed, digest?: RunningDigest): Promise<Block> {
    const pieces = parts.flat();
    const plainBytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const block = this.#sealed.takeShared(plainBytes + parts.length * TAG_BYTES);
    const lent = this.#lend(pieces);
    const out = this.#lend([block.bytes]);
    const counts = parts.map((part) => part.length);
    const task = { kind: 'seal', key, nonces, counts, stream: digest?.stream } as const;
    await this.#ask({ ...task, places: lent.places, out: out.places }, lent, out);
    return block;
  }

  get hasEnded(): boolean {
    return this.#failure !== undefined;
  }

  /** Ends the thread. What waits for it is rejected. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  async #ask(task: NewTask, ...lent: Lent[]): Promise<Answer> {
    if (this.#failure !== undefined) throw this.#failure;
    const id = this.#nextId++;
    const { tasks, forget } = this.#unsent;
    if (tasks.length === 0) setImmediate(() => this.#send());
    tasks.push({ ...task, id });
    for (const { own } of lent) forget.push(...own);
    try {
      return await new Promise<Answer>((resolve, reject) => {
        if (this.#waiting.size === 0) this.#worker.ref();
        this.#waiting.set(id, { resolve, reject });
      });
    } finally {
      for (const { release } of lent) release();
    }
  }

  #send(): void {
    const request = this.#unsent;
    this.#unsent = { memories: [], forget: [], tasks: [] };
    this.#worker.postMessage(request);
  }

  /** Says where the thread finds the bytes. Those that are not shared are copied. */
  #lend(chunks: readonly Uint8Array[]): Lent {
    const places: Places = [];
    const own: number[] = [];
    const blocks: Block[] = [];
    for (const chunk of chunks) {
      let { buffer: memory, byteOffset: start } = chunk;
      if (!(memory instanceof SharedArrayBuffer)) {
        const block = this.#staging.takeShared(chunk.length);
        block.bytes.set(chunk);
        blocks.push(block);
        ({ buffer: memory, byteOffset: start } = block.bytes);
      }
      let index = this.#known.get(memory);
      if (index === undefined) {
        index = this.#introduce(memory as SharedArrayBuffer);
        own.push(index);
      }
      places.push(index, start, chunk.length);
    }
    const release = (): void => {
      for (const block of blocks) block.release();
    };
    return { places, own, release };
  }

  #introduce(memory: SharedArrayBuffer): number {
    const index = this.#nextMemory++;
    this.#unsent.memories.push([index, memory]);
    return index;
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;
type NewTask = WithoutId<Task>;

/** Bytes that the thread may read until they are released. */
interface Lent {
  places: Places;
  /** The indexes of memories that only this task uses. */
  own: number[];
  release: () => void;
}

let current: CryptoThread | undefined;

/** The thread of this process. It is started when it is first used, and again after it has ended. */
export function cryptoThread(): CryptoThread {
  if (current?.hasEnded !== false) current = new CryptoThread();
  return current;
}

function digestHere(bytes: Uint8Array): Digests {
  return {
    sha256: createHash('sha256').update(bytes).digest('hex'),
    md5: createHash('md5').update(bytes).digest('hex'),
  };
}
