import { MangamotionError } from '../../errors.js';
import { type Host, canAnimate } from '../host.js';
import type { DocumentAnswer, RowsAnswer, TextAnswer } from './answers.js';
import { Appearance, type AppearanceOptions } from './appearance.js';
import { ChosenFields, type FieldOptions, type RowFields } from './chosen-fields.js';
import type { Column } from './columns.js';
import type { FieldNames } from './fields.js';
import type { HumanStyle } from './human-rows.js';
import { toJson } from '../../json.js';
import type { AnswerSink } from './pager.js';
import { Paging } from './paging.js';
import type { Canvas } from './picture.js';
import { jsonRowWriter, type RowWriter } from '../../json-rows.js';
import { csvRowWriter } from './csv-rows.js';
import type { Screen } from './screen.js';
import type { Sink } from './sink.js';

/** Text is handed to the stream in pieces of about this many characters. */
const PIECE_LENGTH = 64 * 1024;

export interface OutputOptions extends AppearanceOptions, FieldOptions {
  format: 'human' | 'json' | 'csv';
  /** CSV cells are left as they are. */
  rawCsv: boolean;
  /** Not --no-pager. */
  usesPager: boolean;
  /** The document that ends an answer broken off by an error. */
  describeFailure(error: unknown): object;
}

/** The answer of a command, on stdout, in the form that was asked for. A command gives one. */
export class Output {
  readonly #host: Host;
  readonly #sink: Sink;
  readonly #options: OutputOptions;
  readonly #appearance: Appearance;
  readonly #fields: ChosenFields;
  readonly #paging: Paging;
  #lineFields: RowFields | undefined;
  #begun = false;

  constructor(host: Host, sink: Sink, options: OutputOptions) {
    this.#host = host;
    this.#sink = sink;
    this.#options = options;
    this.#appearance = new Appearance(host, options);
    this.#fields = new ChosenFields(options);
    this.#paging = new Paging(sink);
  }

  /** Whether stdout has (a part of) the answer: an error document must not follow it. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Neither JSON nor CSV. */
  get forPeople(): boolean {
    return this.#options.format === 'human';
  }

  get forJson(): boolean {
    return this.#options.format === 'json';
  }

  /** Whether a person reads it as it comes: what helps the eye alone is for them. */
  get onTerminal(): boolean {
    return this.forPeople && this.#appearance.isTerminal;
  }

  /** Whether the answer is in a pager just now, to which Ctrl-C belongs. */
  get isPaging(): boolean {
    return this.#paging.isOpen;
  }

  /** The zone in which people read the times of this answer. */
  get zone(): string {
    return this.#appearance.zone;
  }

  /** How wide a text of this answer may be. */
  get textWidth(): number {
    return this.#appearance.textWidth;
  }

  /** Rejects with `disk` where stdout is a file that cannot be written. */
  async document(answer: DocumentAnswer): Promise<void> {
    await this.#printText(await this.#documentText(answer));
  }

  /** A text, shown by a pager where it is longer than the terminal. */
  async text({ json, human }: TextAnswer): Promise<void> {
    if (!this.forPeople) {
      await this.document({ json, human: () => undefined });
      return;
    }
    await this.#printText(human(await this.#appearance.textStyle()));
  }

  /**
   * Rows as they come, with back-pressure; stops asking for more when the reader of stdout is gone.
   * Rejects with what the rows reject with, after a JSON document has been made whole with an
   * `error` member; with `usage`, before a row is read, for a field of --fields that there is not.
   */
  async rows<Row, Json extends object>(answer: RowsAnswer<Row, Json>): Promise<void> {
    const fields = this.forJson ? this.#fields.ofRows(answer.fields) : undefined;
    const writer = await this.#rowWriter(answer, fields);
    this.#begun = true;
    await this.#print((sink) => this.#printRows(sink, answer.rows, writer, fields));
  }

  async #printRows<Row>(
    sink: AnswerSink,
    rows: Iterable<Row> | AsyncIterable<Row>,
    writer: RowWriter<Row>,
    fields: RowFields | undefined,
  ): Promise<void> {
    let pending = writer.begin();
    let end = '';
    const seen = { rows: false, written: false };
    try {
      const isPiece = (row: Row): boolean => {
        seen.rows = true;
        pending += writer.row(row);
        return pending.length >= PIECE_LENGTH;
      };
      const isWanted = async (): Promise<boolean> => {
        await sink.write(pending);
        seen.written = true;
        pending = '';
        return !sink.readerGone;
      };
      // To await each of very many rows takes as long as to make them.
      if (Symbol.iterator in rows) {
        for (const row of rows) if (isPiece(row) && !(await isWanted())) return;
      } else {
        for await (const row of rows) if (isPiece(row) && !(await isWanted())) return;
      }
      end = await writer.end();
    } catch (error) {
      await sink.write(pending + writer.fail(this.#options.describeFailure(error)));
      throw error;
    }
    this.#begun = seen.written;
    if (seen.rows) fields?.refuseMissing();
    this.#begun = true;
    await sink.write(pending + end);
  }

  /** Throws `usage` for a field of --fields that no event of `line` can have. */
  expectFields(known: FieldNames): void {
    this.#lineFields = this.#fields.ofRows(known);
  }

  /** One event, as a line of JSON (NDJSON), at once. */
  async line(event: object): Promise<void> {
    this.#begun = true;
    const picked = this.#lineFields?.pick(event) ?? event;
    await this.#sink.write(`${toJson(picked, { indent: false })}\n`);
    await this.#sink.flush();
  }

  /**
   * A piece of an answer that is bytes, not text. Resolves when more may be written, to whether
   * anybody wants more; `flush` comes after the last piece.
   */
  async bytes(piece: Uint8Array): Promise<boolean> {
    this.#begun = true;
    await this.#sink.write(piece);
    return !this.#sink.readerGone;
  }

  /** Rejects with `disk` where stdout is a file that could not be written. */
  async flush(): Promise<void> {
    await this.#sink.flush();
  }

  /** Whether nobody is left to read: there is no sense in going on. */
  get readerGone(): boolean {
    return this.#sink.readerGone;
  }

  /** `undefined` where no terminal can be drawn on. `onResize` is told when its size changes. */
  async screen(onResize: () => void): Promise<{ screen: Screen; style: HumanStyle } | undefined> {
    if (!this.onTerminal || !canAnimate(this.#host.stdout, this.#host.env)) return undefined;
    const { Screen } = await import('./screen.js');
    return {
      screen: new Screen(this.#host.stdout, onResize),
      style: await this.#appearance.humanStyle(),
    };
  }

  /** What a picture can be drawn on; `undefined` where the answer is not for people. */
  canvas(): Canvas | undefined {
    return this.forPeople ? this.#appearance.canvas() : undefined;
  }

  async #printText(text: string): Promise<void> {
    this.#begun = true;
    await this.#print(async (sink) => {
      await sink.write(text);
    });
  }

  async #print(print: (sink: AnswerSink) => Promise<void>): Promise<void> {
    const { stdout, env } = this.#host;
    const isPaged = this.#options.usesPager && this.onTerminal && canAnimate(stdout, env);
    await this.#paging.print(print, isPaged ? stdout.rows : undefined, env);
  }

  async #documentText({ json, human, csv }: DocumentAnswer): Promise<string> {
    const { format } = this.#options;
    if (format === 'json') return `${toJson(this.#fields.ofDocument(json), { indent: true })}\n`;
    if (format === 'csv') {
      if (csv === undefined) {
        throw new MangamotionError('usage', 'this answer has no rows to print as CSV');
      }
      const writer = this.#csvWriter(csv.columns);
      return writer.begin() + csv.rows.map((row) => writer.row(row)).join('');
    }
    // Texts are measured for people alone, by a library with a large table.
    const { Page } = await import('./page.js');
    const page = new Page(await this.#appearance.humanStyle());
    human(page);
    return page.render();
  }

  async #rowWriter<Row, Json extends object>(
    answer: RowsAnswer<Row, Json>,
    fields: RowFields | undefined,
  ): Promise<RowWriter<Row>> {
    if (this.forJson) {
      const json = (row: Row): object => fields?.pick(answer.json(row)) ?? answer.json(row);
      return jsonRowWriter({ ...answer, json });
    }
    if (!this.forPeople) return this.#csvWriter(answer.columns);
    const { humanRowWriter } = await import('./human-rows.js');
    return humanRowWriter(answer.columns, await this.#appearance.humanStyle(), answer);
  }

  /** Throws `usage` for a field that is no column. */
  #csvWriter<Row>(columns: readonly Column<Row>[]): RowWriter<Row> {
    const { isTerminal: toTerminal } = this.#appearance;
    return csvRowWriter(this.#fields.ofColumns(columns), { raw: this.#options.rawCsv, toTerminal });
  }
}
