import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Requests that one connection may send before it has the answers. Browsers send one at a time. */
const MOST_AT_ONCE = 16;
/** The timer of a connection fires this much early at most. */
const SLACK_MS = 1000;

/** In milliseconds. */
export interface Deadlines {
  /** For the headers of a request, since the connection was opened or the last answer was sent. */
  headersMs: number;
  /** For the body of a request, since its headers came. */
  bodyMs: number;
}

/**
 * The connections of a server, and what is being answered on each. A timer for each of them finds those
 * whose request does not come: Node.js would look for such every few seconds, also where there are none.
 */
export class Connections {
  readonly #deadlines: Deadlines;
  readonly #onLate: (socket: Socket) => void;
  /** All of them: with TLS, also those that have not come through the handshake. */
  readonly #all = new Set<Socket>();
  /** Those that requests come by. With TLS they are other objects than the ones above. */
  readonly #open = new Set<Socket>();
  readonly #answers = new WeakMap<Socket, Set<ServerResponse>>();
  readonly #latest = new WeakMap<Socket, { request: IncomingMessage; atMs: number }>();
  readonly #timers = new WeakMap<Socket, NodeJS.Timeout>();
  /** The bytes that had come when the last answer was sent, or when the connection was opened. */
  readonly #readTo = new WeakMap<Socket, number>();
  #isEnding = false;

  /** `onLate` is called with a connection whose request has not come in time. It ends the connection. */
  constructor(deadlines: Deadlines, onLate: (socket: Socket) => void) {
    this.#deadlines = deadlines;
    this.#onLate = onLate;
  }

  get size(): number {
    return this.#all.size;
  }

  accepted(socket: Socket): void {
    this.#all.add(socket);
    socket.once('close', () => this.#all.delete(socket));
  }

  opened(socket: Socket): void {
    this.#open.add(socket);
    this.#readTo.set(socket, socket.bytesRead);
    const timer = setTimeout(() => this.#expectRequest(socket), this.#deadlines.headersMs).unref();
    this.#timers.set(socket, timer);
    socket.once('close', () => {
      clearTimeout(timer);
      this.#open.delete(socket);
    });
    if (this.#isEnding) socket.destroy();
  }

  /**
   * A request has come whose answer is under way from now on. Returns `false` if there are too many: the
   * connection is cut, since its requests would keep the server from all others.
   */
  asked(request: IncomingMessage, response: ServerResponse): boolean {
    const { socket } = request;
    const answers = this.#answers.get(socket) ?? new Set();
    // A client that was answered with 408 may still send the rest of its request.
    if (answers.size >= MOST_AT_ONCE || !socket.writable) {
      socket.destroy();
      return false;
    }
    this.#answers.set(socket, answers.add(response));
    this.#latest.set(socket, { request, atMs: performance.now() });
    if (this.#isEnding) response.shouldKeepAlive = false;
    response.once('close', () => {
      answers.delete(response);
      this.#readTo.set(socket, socket.bytesRead);
      // One that is destroyed has no timer any more, and `refresh` would start it again.
      if (!socket.destroyed) this.#timers.get(socket)?.refresh();
      if (this.#isEnding && answers.size === 0) socket.destroySoon();
    });
    return true;
  }

  /** Whether what would be sent now is read as the answer to what has come last. */
  isFree(socket: Socket): boolean {
    const [first, second] = this.#answers.get(socket) ?? [];
    if (first !== undefined) return second === undefined && !first.headersSent;
    // The rest of a request that was answered before all of it had come.
    return this.#latest.get(socket)?.request.complete !== false;
  }

  /** Whether nothing has come since the last answer. */
  isSilent(socket: Socket): boolean {
    return socket.bytesRead === this.#readTo.get(socket);
  }

  #expectRequest(socket: Socket): void {
    const latest = this.#latest.get(socket);
    if (latest?.request.complete === false) {
      if (performance.now() - latest.atMs >= this.#deadlines.bodyMs - SLACK_MS)
        this.#onLate(socket);
      else this.#timers.get(socket)?.refresh();
    } else if ((this.#answers.get(socket)?.size ?? 0) === 0) {
      this.#onLate(socket);
    }
    // Else the end of the answer starts the timer again.
  }

  /**
   * Ends those on which nothing is under way, and each of the others after its last answer. Node.js would
   * also end those whose answer waits in memory for a client that reads slowly.
   */
  endIdle(): void {
    this.#isEnding = true;
    for (const socket of this.#open) {
      const answers = this.#answers.get(socket) ?? new Set();
      const last = [...answers].at(-1);
      if (last !== undefined) last.shouldKeepAlive = false;
      const isIdle = answers.size === 0 && this.isSilent(socket);
      if (isIdle) socket.destroy();
    }
  }

  /** Cuts all that are left. Returns how many these were. */
  cutAll(): number {
    const { size } = this;
    for (const socket of this.#all) socket.destroy();
    return size;
  }
}
