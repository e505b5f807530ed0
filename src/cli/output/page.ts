import type { Column, Presentation } from './columns.js';
import type { HumanStyle } from './human-rows.js';
import { hiddenText, humanRowWriter } from './human-rows.js';
import { widthOf, wrapped } from './cut.js';
import type { Tone } from './paint.js';
import { visible, visibleLines } from './terminal-text.js';

export interface Field {
  label: string;
  text: string;
  tone?: Tone | undefined;
}

/**
 * What people read of an answer: blocks from top to bottom. Small answers only, it is kept whole;
 * rows without end are for `Output.rows`.
 */
export class Page {
  /** How figures are shown. */
  readonly people: Presentation;
  readonly #style: HumanStyle;
  readonly #blocks: (() => Promise<string> | string)[] = [];
  /** Columns of tables for which there was no room. */
  #hidden = 0;

  constructor(style: HumanStyle) {
    this.people = style.people;
    this.#style = style;
  }

  /** Lines of text, as they are but for hostile characters. */
  text(text: string, tone?: Tone): this {
    this.#blocks.push(() => this.#lines(visibleLines(text), tone));
    return this;
  }

  /** One line: line ends in it are shown as such. */
  line(text: string, tone?: Tone): this {
    this.#blocks.push(() => this.#lines(visible(text), tone));
    return this;
  }

  /** A picture made of characters and colours by this program: it is printed as it is. */
  drawing(text: string): this {
    this.#blocks.push(() => text);
    return this;
  }

  /** `label  text` lines, the texts below one another. */
  fields(fields: readonly Field[]): this {
    const width = Math.max(0, ...fields.map(({ label }) => widthOf(label)));
    this.#blocks.push(() =>
      fields
        .map(({ label, text, tone }) => {
          const gap = ' '.repeat(width - widthOf(label) + 2);
          const { paint } = this.#style;
          const lines = wrapped(visible(text), this.#style.room.width - width - 2);
          return lines
            .map((line, at) =>
              at === 0
                ? `${paint('muted', label)}${gap}${paint(tone, line)}\n`
                : `${' '.repeat(width + 2)}${paint(tone, line)}\n`,
            )
            .join('');
        })
        .join(''),
    );
    return this;
  }

  table<Row>(columns: readonly Column<Row>[], rows: Iterable<Row>): this {
    this.#blocks.push(async () => {
      const writer = humanRowWriter(columns, this.#style, {
        onHidden: (count) => (this.#hidden += count),
      });
      return [...[...rows].map((row) => writer.row(row)), await writer.end()].join('');
    });
    return this;
  }

  #lines(text: string, tone: Tone | undefined): string {
    const lines = wrapped(text, this.#style.room.width);
    return lines.map((line) => `${this.#style.paint(tone, line)}\n`).join('');
  }

  async render(): Promise<string> {
    let text = '';
    for (const block of this.#blocks) text += await block();
    const hidden = hiddenText(this.#hidden);
    return hidden === '' ? text : `${text}\n${this.#style.paint('muted', hidden)}\n`;
  }
}
