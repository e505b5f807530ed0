/** A span of gzip members: where it lies in the archive, once they are placed, and when they are written. */
export class Span {
  offset = -1;
  length = 0;
  #unwritten = 0;
  #complete = false;
  #afterwards: (() => void)[] = [];

  /** Calls back when all members of the span are written: what they were made of is free then. */
  afterwards(callback: () => void): void {
    this.#afterwards.push(callback);
  }

  /** Another member belongs to the span. */
  expect(): void {
    this.#unwritten += 1;
  }

  /** No more members are to come. */
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
