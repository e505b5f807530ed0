import { StringDecoder } from 'node:string_decoder';

/** A longer line is cut: a line of the log is for people. */
const MOST_CHARACTERS = 4000;
const CUT = '…';

/** Splits what a run prints into lines, in bounded memory. */
export class Lines {
  readonly #decoder = new StringDecoder('utf8');
  readonly #onLine: (line: string) => void;
  #rest = '';
  #isCut = false;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  write(bytes: Uint8Array): void {
    this.#take(this.#decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)));
  }

  /** Passes on what follows the last line break as a line too. */
  end(): void {
    this.#take(this.#decoder.end());
    if (this.#rest !== '') this.#emit();
  }

  #take(text: string): void {
    const pieces = text.split(/\r?\n|\r/);
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) this.#emit();
      this.#add(piece);
    }
  }

  #add(piece: string): void {
    const room = MOST_CHARACTERS - this.#rest.length;
    this.#isCut ||= piece.length > room;
    this.#rest += piece.slice(0, Math.max(0, room));
  }

  #emit(): void {
    const line = this.#isCut ? this.#rest + CUT : this.#rest;
    this.#rest = '';
    this.#isCut = false;
    if (line.trim() !== '') this.#onLine(line);
  }
}
