/** The last bytes of an output, however much there is of it. */
export class Tail {
  readonly #mostBytes: number;
  #bytes = Buffer.alloc(0);

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  add(chunk: Uint8Array): void {
    // A copy: a part of a larger buffer would keep all of it.
    this.#bytes = Buffer.concat([this.#bytes, chunk.subarray(-this.#mostBytes)]);
    if (this.#bytes.length > this.#mostBytes) {
      this.#bytes = Buffer.from(this.#bytes.subarray(-this.#mostBytes));
    }
  }

  text(): string {
    return this.#bytes.toString('utf8');
  }
}

/** The last bytes of a text, without a character that is cut in two. */
export function lastBytes(text: string, mostBytes: number): string {
  const bytes = Buffer.from(text);
  let from = Math.max(0, bytes.length - mostBytes);
  while (from > 0 && ((bytes[from] ?? 0) & 0xc0) === 0x80) from++;
  return bytes.toString('utf8', from);
}
