import { StringDecoder } from 'node:string_decoder';
import type { DaemonLog } from '../log.js';

/** The maximum number of lines of a run in the log of the daemon; the log of the run has all. */
const MOST_LINES = 1000;

/** Returns a function that creates a sink for each stream of a run, which logs its lines. */
export function lineLogger(
  entry: string,
  log: DaemonLog,
): (stream: 'stdout' | 'stderr') => LineSplitter {
  let lines = 0;
  return (stream) =>
    new LineSplitter((line) => {
      lines++;
      if (lines <= MOST_LINES) log.info({ entry, stream }, line);
      if (lines === MOST_LINES) log.info({ entry }, 'further output is only in the log of the run');
    });
}

/** A longer line is cut: a line of the log is for people. */
const MOST_CHARACTERS = 4000;

/** Splits what a run prints into lines, in bounded memory. */
class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  readonly #onLine: (line: string) => void;
  #rest = '';
  #isCut = false;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  write(chunk: Buffer): void {
    this.#take(this.#decoder.write(chunk));
  }

  /** Passes on what follows the last line break as a line too. */
  end(): void {
    this.#take(this.#decoder.end());
    if (this.#rest !== '') this.#emit();
  }

  #take(text: string): void {
    for (const [index, piece] of text.split(/\r?\n|\r/).entries()) {
      if (index > 0) this.#emit();
      const room = MOST_CHARACTERS - this.#rest.length;
      this.#isCut ||= piece.length > room;
      this.#rest += piece.slice(0, Math.max(0, room));
    }
  }

  #emit(): void {
    const line = this.#isCut ? `${this.#rest}…` : this.#rest;
    this.#rest = '';
    this.#isCut = false;
    if (line.trim() !== '') this.#onLine(line);
  }
}
