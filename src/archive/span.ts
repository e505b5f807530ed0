/**
 * The gzip members of one large or several small files: their place, and whether they are written.
 */
export class Span {
  offset = -1;
  length = 0;
  #unwritten = 0;
  #complete = false;
  #afterwards: (() => void)[] = [];

  /** Calls back when all members are written; the memory of their content is then free. */
  afterwards(callback: () => void): void {
    this.#afterwards.push(callback);
  }

  expect(): void {
    this.#unwritten += 1;
  }

  /** Call this after the last member was announced. */
  complete(): void {
    this.#complete = true;
    this.#settle();
  }

  placed(offset: number, length: number): void {
    if (this.offset < 0) this.offset = offset;
    this.length += length;
  }

  written(): void {
    this.#unwritten -= 1;
    this.#settle();
  }

  #settle(): void {
    if (!this.#complete || this.#unwritten > 0) return;
    for (const callback of this.#afterwards.splice(0)) callback();
  }
}
