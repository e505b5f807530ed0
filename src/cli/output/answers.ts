import type { CellValue } from '../../csv.js';
import type { Column } from './columns.js';
import type { FieldsOf } from './fields.js';
import type { HumanTexts } from './human-rows.js';
import type { Page } from './page.js';
import type { Paint } from './paint.js';
import type { DocumentParts } from '../../json-rows.js';

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
export interface RowsAnswer<Row, Json extends object> extends DocumentParts<Row, Json>, HumanTexts {
  rows: Iterable<Row> | AsyncIterable<Row>;
  columns: readonly Column<Row>[];
  /** The fields that --fields accepts. They are checked before a row is read. */
  fields: FieldsOf<NoInfer<Json>>;
}
