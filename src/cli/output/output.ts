import { MangamotionError } from '../../errors.js';
import type { ColorLevel } from './color-level.js';
import { colorLevel } from './color-level.js';
import type { Column } from './columns.js';
import { presentationFor } from './columns.js';
import type { CellValue } from './csv.js';
import type { FieldPaths } from './fields.js';
import { FieldPicker, unknownField } from './fields.js';
import { type Host, canAnimate, terminalSize } from '../host.js';
import type { HumanStyle, HumanTexts } from './human-rows.js';
import { toJson } from './json.js';
import type { Page } from './page.js';
import type { AnswerSink, PagedSink } from './pager.js';
import type { Paint } from './paint.js';
import { createPaint } from './paint.js';
import type { Canvas } from './picture.js';
import type { DocumentParts, RowWriter } from './row-writers.js';
import { csvRowWriter, jsonRowWriter } from './row-writers.js';
import type { Screen } from './screen.js';
import type { Sink } from './sink.js';
import type { TableRoom } from './table.js';
import { readersZone } from './zone.js';

/** Text is handed to the stream in pieces of about this many characters. */
const PIECE_LENGTH = 64 * 1024;

/** Longer lines are hard to read, however wide the terminal is. */
const WIDEST_TEXT = 100;

/** In a pipe too: one long key must not push all others out of sight. */
const WIDEST_CELL = 100;

/** A preview needs no more. */
const PICTURE_COLUMNS = 80;

export interface OutputOptions {
  format: 'human' | 'json' | 'csv';
  /** CSV cells are left as they are. */
  rawCsv: boolean;
  noColor: boolean;
  /** --fields: of a document, or of each row. */
  fields: FieldPaths | undefined;
  /** Whether an unknown field is an error: not where work was done, of which this is the report. */
  strictFields: boolean;
  warn: (message: string) => void;
  /** --utc: times in UTC on a terminal too. */
  utc: boolean;
  /** Not --no-pager. */
  usesPager: boolean;
  /** --wide: all columns of a table, and nothing cut. */
  wide: boolean;
  /** The document that ends an answer broken off by an error. */
  describeFailure(error: unknown): object;
}

/** An answer of one thing. */
export interface DocumentAnswer {
  json: object;
  /** Fills in what people read instead. */
  human: (page: Page) => void;
  /** What --csv prints of it. */
  csv?: CsvRows;
}

/** The part of a document that is rows. */
export interface CsvRows {
  columns: readonly Column<readonly CellValue[]>[];
  rows: readonly (readonly CellValue[])[];
}

export function csvRows<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): CsvRows {
  return {
    columns: columns.map(({ name }, at) => ({ title: name, name, value: (cells) => cells[at] })),
    rows: rows.map((row) => columns.map((column) => column.value(row))),
  };
}

/** How a page of the manual may look. */
export interface TextStyle {
  /** Columns that a line may take. */
  width: number;
  paint: Paint;
  colored: boolean;
}

/** An answer that is read from top to bottom. */
export interface TextAnswer {
  json: object;
  human: (style: TextStyle) => string;
}

/** An answer in rows, which may be longer than memory. */
export interface RowsAnswer<Row> extends DocumentParts<Row>, HumanTexts {
  rows: Iterable<Row> | AsyncIterable<Row>;
  columns: readonly Column<Row>[];
}

/** The answer of a command, on stdout, in the form that was asked for. A command gives one. */
export class Output {
  readonly #host: Host;
  readonly #sink: Sink;
  readonly #options: OutputOptions;
  #begun = false;
  #pager: PagedSink | undefined;

  constructor(host: Host, sink: Sink, options: OutputOptions) {
    this.#host = host;
    this.#sink = sink;
    this.#options = options;
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
    return this.forPeople && this.#host.stdout.isTTY === true;
  }

  /** Rejects with `disk` where stdout is a file that cannot be written. */
  async document(answer: DocumentAnswer): Promise<void> {
    const text = await this.#documentText(answer);
    this.#begun = true;
    await this.#print(async (sink) => {
      await sink.write(text);
    });
  }

  /** Whether the answer is in a pager just now, to which Ctrl-C belongs. */
  get isPaging(): boolean {
    return this.#pager?.isOpen === true;
  }

  /** To stdout; on a terminal that the answer does not fit on, through the pager of the user. */
  async #print(print: (sink: AnswerSink) => Promise<void>): Promise<void> {
    const { stdout, env } = this.#host;
    const { usesPager } = this.#options;
    if (!usesPager || !this.onTerminal || stdout.rows === undefined || !canAnimate(stdout, env)) {
      await print(this.#sink);
      await this.#sink.flush();
      return;
    }
    const { PagedSink } = await import('./pager.js');
    this.#pager = new PagedSink(this.#sink, stdout.rows, env);
    try {
      await print(this.#pager);
    } finally {
      await this.#pager.end();
    }
  }

  /** How wide a text of this answer may be. */
  get textWidth(): number {
    return Math.min(terminalSize(this.#host.stdout)?.columns ?? WIDEST_TEXT, WIDEST_TEXT);
  }

  /** A text, shown by a pager where it is longer than the terminal. */
  async text({ json, human }: TextAnswer): Promise<void> {
    if (!this.forPeople) {
      await this.document({ json, human: () => undefined });
      return;
    }
    this.#begun = true;
    const level = this.#colorLevel();
    const paint = await createPaint(level);
    const text = human({ width: this.textWidth, paint, colored: level > 0 });
    await this.#print(async (sink) => {
      await sink.write(text);
    });
  }

  /**
   * Rows as they come, with back-pressure; stops asking for more when the reader of stdout is gone.
   * Rejects with what the rows reject with, after a JSON document has been made whole with an
   * `error` member.
   */
  async rows<Row>(answer: RowsAnswer<Row>): Promise<void> {
    const fields = this.#rowFields();
    const picked = fields && { ...answer, json: (row: Row) => fields.pick(answer.json(row)) };
    const writer = await this.#rowWriter(picked ?? answer);
    this.#begun = true;
    await this.#print((sink) => this.#printRows(sink, answer, writer, fields));
  }

  async #printRows<Row>(
    sink: AnswerSink,
    answer: RowsAnswer<Row>,
    writer: RowWriter<Row>,
    fields: FieldPicker | undefined,
  ): Promise<void> {
    let known: readonly string[] | undefined;
    let pending = writer.begin();
    try {
      const isPiece = (row: Row): boolean => {
        known ??= fields && Object.keys(answer.json(row));
        pending += writer.row(row);
        return pending.length >= PIECE_LENGTH;
      };
      const isWanted = async (): Promise<boolean> => {
        await sink.write(pending);
        pending = '';
        return !sink.readerGone;
      };
      // To await each of very many rows takes as long as to make them.
      if (Symbol.iterator in answer.rows) {
        for (const row of answer.rows) if (isPiece(row) && !(await isWanted())) return;
      } else {
        for await (const row of answer.rows) if (isPiece(row) && !(await isWanted())) return;
      }
      if (known !== undefined) this.#refuseMissing(fields, known);
      pending += await writer.end();
    } catch (error) {
      await sink.write(pending + writer.fail(this.#options.describeFailure(error)));
      throw error;
    }
    await sink.write(pending);
  }

  /** For JSON; CSV has columns. */
  #rowFields(): FieldPicker | undefined {
    const { fields, format } = this.#options;
    return fields === undefined || format !== 'json' ? undefined : new FieldPicker(fields);
  }

  /** Throws `usage` for a field that was nowhere. */
  #refuseMissing(fields: FieldPicker | undefined, known: readonly string[]): void {
    const [missing] = fields?.missing ?? [];
    if (missing === undefined) return;
    const error = unknownField(missing, known);
    if (this.#options.strictFields) throw error;
    this.#options.warn(error.message);
  }

  /** One event, as a line of JSON (NDJSON), at once. */
  async line(event: object): Promise<void> {
    this.#begun = true;
    const picked = this.#rowFields()?.pick(event) ?? event;
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
    return { screen: new Screen(this.#host.stdout, onResize), style: await this.#humanStyle() };
  }

  /** What a picture can be drawn on; `undefined` where the answer is not for people. */
  canvas(): Canvas | undefined {
    if (!this.forPeople) return undefined;
    const { stdout, env } = this.#host;
    return {
      columns: Math.min(terminalSize(stdout)?.columns ?? PICTURE_COLUMNS, PICTURE_COLUMNS),
      lines: Math.max(1, (terminalSize(stdout)?.rows ?? 24) - 2),
      level: this.#colorLevel(),
      env,
    };
  }

  #colorLevel(): ColorLevel {
    const { stdout, env } = this.#host;
    const isTerminal = stdout.isTTY === true;
    return colorLevel({ isTerminal, forbidden: this.#options.noColor, env });
  }

  async #documentText({ json, human, csv }: DocumentAnswer): Promise<string> {
    if (this.#options.format === 'csv' && csv !== undefined) {
      const writer = this.#csvWriter(csv.columns);
      return writer.begin() + csv.rows.map((row) => writer.row(row)).join('');
    }
    if (this.#options.format === 'csv') {
      throw new MangamotionError('usage', 'this answer has no rows to print as CSV');
    }
    if (this.#options.format === 'json') {
      const fields = this.#rowFields();
      const picked = fields?.pick(json) ?? json;
      this.#refuseMissing(fields, Object.keys(json));
      return `${toJson(picked, { indent: true })}\n`;
    }
    // Texts are measured for people alone, by a library with a large table.
    const { Page } = await import('./page.js');
    const page = new Page(await this.#humanStyle());
    human(page);
    return page.render();
  }

  async #rowWriter<Row>(answer: RowsAnswer<Row>): Promise<RowWriter<Row>> {
    if (this.#options.format === 'json') return jsonRowWriter(answer);
    if (this.#options.format === 'human') {
      const { humanRowWriter } = await import('./human-rows.js');
      return humanRowWriter(answer.columns, await this.#humanStyle(), answer);
    }
    return this.#csvWriter(answer.columns);
  }

  /** Throws `usage` for a field that is no column. */
  #csvWriter<Row>(columns: readonly Column<Row>[]): RowWriter<Row> {
    const { fields, rawCsv, strictFields, warn } = this.#options;
    const chosen = fields?.flatMap((path) => {
      const name = path.join('.');
      const column = columns.find((one) => one.name === name);
      if (column !== undefined) return [column];
      const error = unknownField(
        name,
        columns.map((one) => one.name),
      );
      if (strictFields) throw error;
      warn(error.message);
      return [];
    });
    const toTerminal = this.#host.stdout.isTTY === true;
    return csvRowWriter(chosen ?? columns, { raw: rawCsv, toTerminal });
  }

  #room(): TableRoom {
    if (this.#options.wide) return { width: Infinity, cell: Infinity };
    const width = terminalSize(this.#host.stdout)?.columns;
    return width === undefined ? { width: Infinity, cell: WIDEST_CELL } : { width, cell: width };
  }

  async #humanStyle(): Promise<HumanStyle> {
    const { stdout, now, env } = this.#host;
    const isTerminal = stdout.isTTY === true;
    return {
      people: presentationFor(
        isTerminal,
        now,
        isTerminal && !this.#options.utc ? readersZone(env) : 'UTC',
      ),
      paint: await createPaint(this.#colorLevel()),
      room: this.#room(),
    };
  }
}
