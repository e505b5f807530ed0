import type { KeyRange } from '../summary.js';
import { TextSeal } from './text-seal.js';

/**
 * Hides the keys of objects at the ends of ranges, in the plan, in manifests and in the jobs of an encrypted
 * run. Who has the host key of the run reads them. Equal keys have equal seals within a run.
 */
export class RangeSeal {
  readonly #texts: TextSeal;

  /** `secret`: 32 bytes, of this run alone; `undefined`: nothing is hidden. */
  constructor(secret: Buffer | undefined) {
    this.#texts = new TextSeal(secret);
  }

  seal(range: KeyRange): KeyRange {
    return mapped(range, (key) => this.#texts.seal(key));
  }

  /** Throws a SyntaxError if an end was not sealed with the same secret. */
  open(range: KeyRange): KeyRange {
    return mapped(range, (text) => this.#texts.open(text));
  }
}

function mapped({ bucket, after, through }: KeyRange, map: (text: string) => string): KeyRange {
  const end = (text: string | null): string | null => (text === null ? null : map(text));
  return { bucket, after: end(after), through: end(through) };
}
