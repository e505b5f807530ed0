import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';

export interface Digests {
  /** Lower-case hex. */
  sha256: string;
  md5: string;
}

interface Request {
  id: number;
  memory: SharedArrayBuffer;
  start: number;
  length: number;
}

interface Reply extends Digests {
  id: number;
}

interface Waiting {
  resolve: (digests: Digests) => void;
  reject: (error: Error) => void;
}

/** Below this size, a message to the thread costs more than the digests. */
const WORTH_SENDING_BYTES = 64 * 1024;

/**
 * Computes digests of shared memory on a thread. MD5 runs at about 700 MB/s, so on the main thread
 * it would limit the speed of a backup.
 */
export class DigestThread {
  // The worker is created from source text, so it needs no file of its own in a bundle.
  readonly #worker = new Worker(`(${answerRequests.toString()})()`, { eval: true });
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  /** The requests of this turn of the event loop, which are sent in one message. */
  #unsent: Request[] = [];
  #failure: Error | undefined;

  constructor() {
    this.#worker.on('message', (replies: Reply[]) => {
      for (const { id, sha256, md5 } of replies) {
        this.#waiting.get(id)?.resolve({ sha256, md5 });
        this.#waiting.delete(id);
      }
    });
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('the digest thread has ended')));
  }

  /** Computes digests. The bytes must not change meanwhile. Rejects if the thread has ended. */
  async digest(bytes: Uint8Array): Promise<Digests> {
    if (this.#failure !== undefined) throw this.#failure;
    const { buffer: memory, byteOffset: start, length } = bytes;
    if (length < WORTH_SENDING_BYTES || !(memory instanceof SharedArrayBuffer)) {
      return digestHere(bytes);
    }
    const request: Request = { id: this.#nextId++, memory, start, length };
    return await new Promise((resolve, reject) => {
      this.#waiting.set(request.id, { resolve, reject });
      if (this.#unsent.push(request) === 1) setImmediate(() => this.#send());
    });
  }

  #send(): void {
    this.#worker.postMessage(this.#unsent);
    this.#unsent = [];
  }

  /** Ends the thread, which otherwise keeps the process alive. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

function digestHere(bytes: Uint8Array): Digests {
  return {
    sha256: createHash('sha256').update(bytes).digest('hex'),
    md5: createHash('md5').update(bytes).digest('hex'),
  };
}

/** Runs on the thread, so it must not use anything else from this module. */
function answerRequests(): void {
  const { parentPort } = process.getBuiltinModule('node:worker_threads');
  const crypto = process.getBuiltinModule('node:crypto');
  parentPort?.on('message', (requests: Request[]) => {
    const replies = requests.map(({ id, memory, start, length }): Reply => {
      const bytes = new Uint8Array(memory, start, length);
      return {
        id,
        sha256: crypto.createHash('sha256').update(bytes).digest('hex'),
        md5: crypto.createHash('md5').update(bytes).digest('hex'),
      };
    });
    parentPort.postMessage(replies);
  });
}
