import { Worker } from 'node:worker_threads';

/**
 * Computes the MD5 of a growing file on its own thread, which reads the file behind its writer. MD5 runs at
 * some 700 MB/s, and on the main thread it would slow a download down. The bytes of an earlier run are
 * read while the rest is downloaded.
 */
export class Md5Thread {
  readonly #worker: Worker;
  readonly #digest: Promise<string>;

  /** Hashes the file behind this descriptor, which stays open until `finish` or `close`. */
  constructor(fd: number) {
    // The worker is created from source text, so that it needs no file of its own when this one is
    // bundled.
    this.#worker = new Worker(`(${followFile.toString()})()`, { eval: true, workerData: fd });
    this.#digest = new Promise((resolve, reject) => {
      this.#worker.once('message', resolve);
      this.#worker.once('error', reject);
      this.#worker.once('exit', () => reject(new Error('the MD5 thread has ended')));
    });
    // A failure does not matter unless somebody requests the digest.
    this.#digest.catch(() => undefined);
  }

  /** Reports the number of bytes that are in the file. */
  advance(sizeBytes: number): void {
    this.#worker.postMessage({ sizeBytes, isEnd: false });
  }

  /** Resolves to the MD5 of the first bytes in lower-case hex. Rejects where they cannot be read. */
  async finish(sizeBytes: number): Promise<string> {
    this.#worker.postMessage({ sizeBytes, isEnd: true });
    return await this.#digest;
  }

  /** Ends the thread, which would otherwise keep the process alive. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** Runs on the thread, so it must not use anything from this module. */
function followFile(): void {
  const thread = process.getBuiltinModule('node:worker_threads');
  const { parentPort } = thread;
  const fd = thread.workerData as number;
  const { readSync } = process.getBuiltinModule('node:fs');
  const hash = process.getBuiltinModule('node:crypto').createHash('md5');
  const block = Buffer.allocUnsafe(512 * 1024);
  let position = 0;
  parentPort?.on('message', ({ sizeBytes, isEnd }: { sizeBytes: number; isEnd: boolean }) => {
    while (position < sizeBytes) {
      const length = Math.min(block.length, sizeBytes - position);
      const bytesRead = readSync(fd, block, 0, length, position);
      if (bytesRead === 0) throw new Error('the file is shorter than what was written');
      hash.update(block.subarray(0, bytesRead));
      position += bytesRead;
    }
    if (isEnd) parentPort.postMessage(hash.digest('hex'));
  });
}
