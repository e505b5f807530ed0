import { type OutputStream, terminalSize } from '../host.js';

/** What xterm and all that follow it understand. */
const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

/**
 * The whole of a terminal, drawn over in place on a screen of its own: what stood there before comes
 * back when it is closed.
 */
export class Screen {
  readonly #stream: OutputStream;
  readonly #onResize: () => void;
  #isOpen = false;

  constructor(stream: OutputStream, onResize: () => void) {
    this.#stream = stream;
    this.#onResize = onResize;
  }

  get width(): number {
    return terminalSize(this.#stream)?.columns ?? 80;
  }

  get height(): number {
    return terminalSize(this.#stream)?.rows ?? 24;
  }

  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#stream.write(ENTER);
    this.#stream.on('resize', this.#onResize);
  }

  /** Lines that fit: none is wider than `width`, and there are at most `height` of them. */
  draw(lines: readonly string[]): void {
    const text = lines.slice(0, this.height).map((line) => line + CLEAR_LINE);
    this.#stream.write(HOME + text.join('\r\n') + CLEAR_BELOW);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#stream.off('resize', this.#onResize);
    this.#stream.write(LEAVE);
  }
}
