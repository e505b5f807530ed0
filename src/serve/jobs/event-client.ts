import { message } from './message.js';

/** What waits in memory for a client. The bytes are the same ones for all clients that get them. */
const MOST_WAITING_BYTES = 256 * 1024;
/** A client that takes nothing for this long is cut off. */
const LONGEST_STALL_MS = 60_000;

const RESET = new TextEncoder().encode(message('reset', '{}'));

export interface EventClientOptions {
  /** Called once, whoever ends it. */
  onClose: () => void;
  /** Ends the connection at once. */
  cut: () => void;
}

/**
 * One reader of the events. What it does not take in time is dropped, and it gets a `reset` when it reads
 * on: it has to ask for the jobs again.
 */
export class EventClient {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #options: EventClientOptions;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #isClosed = false;
  #isLate = false;
  #readAtMs = performance.now();

  constructor(options: EventClientOptions) {
    this.#options = options;
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#pulled(),
        cancel: () => this.#ended(),
      },
      // It is pulled only when everything was taken.
      { highWaterMark: 0, size: ({ byteLength }) => byteLength },
    );
  }

  send(bytes: Uint8Array): void {
    if (this.#isClosed || this.#isLate || bytes.length === 0) return;
    const waiting = this.#waitingBytes;
    if (waiting > 0 && waiting + bytes.length > MOST_WAITING_BYTES) this.#isLate = true;
    else this.#controller?.enqueue(bytes);
  }

  /** Cuts a client off that has not read for too long. */
  expectLife(): void {
    if (this.#isClosed || this.#waitingBytes === 0) return;
    if (performance.now() - this.#readAtMs < LONGEST_STALL_MS) return;
    this.#ended();
    this.#options.cut();
  }

  /** Ends the stream after what was sent. */
  close(): void {
    if (this.#isClosed) return;
    this.#controller?.close();
    this.#ended();
  }

  get #waitingBytes(): number {
    return -(this.#controller?.desiredSize ?? 0);
  }

  #pulled(): void {
    this.#readAtMs = performance.now();
    if (!this.#isLate) return;
    this.#isLate = false;
    this.#controller?.enqueue(RESET);
  }

  #ended(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#options.onClose();
  }
}
