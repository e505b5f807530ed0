import type { Environment } from '../../config/environment.js';
import type { AnswerSink, PagedSink } from './pager.js';
import type { Sink } from './sink.js';

/** Prints an answer, on a terminal that it does not fit on through the pager of the user. */
export class Paging {
  readonly #sink: Sink;
  #pager: PagedSink | undefined;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** Whether the answer is in a pager just now, to which Ctrl-C belongs. */
  get isOpen(): boolean {
    return this.#pager?.isOpen === true;
  }

  /** `lines`: of the terminal; `undefined` where there is to be no pager. */
  async print(
    print: (sink: AnswerSink) => Promise<void>,
    lines: number | undefined,
    env: Environment,
  ): Promise<void> {
    if (lines === undefined) {
      await print(this.#sink);
      await this.#sink.flush();
      return;
    }
    const { PagedSink } = await import('./pager.js');
    this.#pager = new PagedSink(this.#sink, lines, env);
    try {
      await print(this.#pager);
    } finally {
      await this.#pager.end();
    }
  }
}
