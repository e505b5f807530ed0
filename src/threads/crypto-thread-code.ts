/** The messages between the main thread and the crypto thread, and the code of the thread. */

/** Where bytes are: the index of a memory, the first byte and the length, for one piece after the other. */
export type Places = number[];

export type Task =
  | { kind: 'digest'; id: number; places: Places }
  | { kind: 'update'; id: number; stream: number; places: Places }
  | { kind: 'finish'; id: number; stream: number }
  | SealTask;

/** The plaintext of all parts, one after the other: the first `counts[0]` pieces are the first part. */
interface SealTask {
  kind: 'seal';
  id: number;
  key: Uint8Array;
  /** 12 bytes for each part. */
  nonces: Uint8Array;
  counts: number[];
  places: Places;
  out: Places;
  /** The digest to which the sealed bytes are added. */
  stream: number | undefined;
}

export interface Request {
  /** Memories that the thread does not know yet, with their indexes. */
  memories: [index: number, memory: SharedArrayBuffer][];
  /** Indexes that are not used again after these tasks. */
  forget: number[];
  tasks: Task[];
}

/** Digests are lower-case hex. */
export interface Answer {
  id: number;
  sha256: string;
  md5: string;
}

type GcFunction = (options: { type: 'minor' }) => void;

/** ChaCha20-Poly1305 appends this to each sealed part. */
export const TAG_BYTES = 16;

/**
 * Answers requests on the thread. It is started from its source text, so that it needs no file of its
 * own in a bundle, and must not use anything else from this module.
 */
export function answerRequests(): void {
  const { parentPort } = process.getBuiltinModule('node:worker_threads');
  const crypto = process.getBuiltinModule('node:crypto');
  const memories = new Map<number, SharedArrayBuffer>();
  const streams = new Map<number, ReturnType<typeof crypto.createHash>>();
  // A cipher returns memory of its own for each piece. The engine sees little of it, so it would let
  // 60 MB gather before it collects them.
  process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc');
  const collect = process.getBuiltinModule('node:vm').runInNewContext('gc') as GcFunction;
  const COLLECT_AFTER_BYTES = 8 * 1024 * 1024;
  let sealedBytes = 0;

  function* piecesAt(places: Places): Generator<Uint8Array> {
    for (let at = 0; at < places.length; at += 3) {
      const [index = -1, start, length] = places.slice(at, at + 3);
      const memory = memories.get(index);
      if (memory === undefined) throw new Error(`the memory ${index} is not known`);
      yield new Uint8Array(memory, start, length);
    }
  }

  function streamOf(stream: number): ReturnType<typeof crypto.createHash> {
    const hash = streams.get(stream) ?? crypto.createHash('sha256');
    streams.set(stream, hash);
    return hash;
  }

  function seal({ key, nonces, counts, places, out, stream }: SealTask): void {
    const hash = stream === undefined ? undefined : streamOf(stream);
    const [target = new Uint8Array()] = piecesAt(out);
    const pieces = piecesAt(places);
    let at = 0;
    const put = (bytes: Uint8Array): void => {
      // Now, while the bytes are still in the cache of the processor.
      hash?.update(bytes);
      target.set(bytes, at);
      at += bytes.length;
    };
    for (const [part, count] of counts.entries()) {
      const nonce = nonces.subarray(part * 12, (part + 1) * 12);
      const options = { authTagLength: 16 };
      const cipher = crypto.createCipheriv('chacha20-poly1305', key, nonce, options);
      for (let left = count; left > 0; left--) {
        const next = pieces.next();
        if (next.done !== true) put(cipher.update(next.value));
      }
      cipher.final();
      put(cipher.getAuthTag());
    }
    sealedBytes += at;
    if (sealedBytes < COLLECT_AFTER_BYTES) return;
    sealedBytes = 0;
    collect({ type: 'minor' });
  }

  function answer(task: Task): Answer {
    const { id } = task;
    switch (task.kind) {
      case 'digest': {
        const [sha256, md5] = [crypto.createHash('sha256'), crypto.createHash('md5')];
        for (const piece of piecesAt(task.places)) {
          sha256.update(piece);
          md5.update(piece);
        }
        return { id, sha256: sha256.digest('hex'), md5: md5.digest('hex') };
      }
      case 'update': {
        const hash = streamOf(task.stream);
        for (const piece of piecesAt(task.places)) hash.update(piece);
        return { id, sha256: '', md5: '' };
      }
      case 'finish': {
        const sha256 = streamOf(task.stream).digest('hex');
        streams.delete(task.stream);
        return { id, sha256, md5: '' };
      }
      case 'seal':
        seal(task);
        return { id, sha256: '', md5: '' };
    }
  }

  parentPort?.on('message', ({ memories: added, forget, tasks }: Request) => {
    for (const [index, memory] of added) memories.set(index, memory);
    parentPort.postMessage(tasks.map(answer));
    for (const index of forget) memories.delete(index);
  });
}
