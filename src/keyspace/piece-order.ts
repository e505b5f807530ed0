import type { KeyLine } from './line.js';
import { type KeyType, identityOf } from './value.js';

/** Checks that the pieces of each key follow one another, as a reader meets the lines. */
export class PieceOrder {
  #open: { identity: string; type: KeyType; next: number } | undefined;

  /** Throws a SyntaxError for a line that may not stand here. */
  add({ key, content, piece }: KeyLine): void {
    const open = this.#open;
    const identity = identityOf(key);
    const expected = open?.next ?? 0;
    const goesOn = open === undefined || (open.identity === identity && open.type === content.type);
    if (
      !goesOn ||
      (piece?.number ?? -1) !== (open === undefined && piece === undefined ? -1 : expected)
    ) {
      throw new SyntaxError('a piece of a key is missing');
    }
    this.#open =
      piece?.more === true ? { identity, type: content.type, next: piece.number + 1 } : undefined;
  }

  /** Throws a SyntaxError if the last key has no end. */
  end(): void {
    if (this.#open !== undefined) throw new SyntaxError('the last piece of a key is missing');
  }
}
