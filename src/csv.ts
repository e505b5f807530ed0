/** What a cell can hold. Bytes and counts are exact: nothing is rounded for people. */
export type CellValue = string | number | bigint | boolean | NumberText | null | undefined;

/** A number in digits that a double may not hold: `-12.500001`. */
export class NumberText {
  readonly #digits: string;

  constructor(digits: string) {
    this.#digits = digits;
  }

  toString(): string {
    return this.#digits;
  }
}

/** RFC 4180 ends lines with CRLF. */
const LINE_END = '\r\n';

export interface CsvStyle {
  /** Leave cells that a spreadsheet would take for a formula as they are. */
  raw: boolean;
}

export function csvLine(cells: readonly CellValue[], style: CsvStyle): string {
  return cells.map((cell) => csvCell(cell, style)).join(',') + LINE_END;
}

/**
 * Spreadsheets run text as a formula that begins with one of = + - @, also in full width, or with a
 * control character that they skip: https://owasp.org/www-community/attacks/CSV_Injection.
 */
const FORMULA = /^[=+\-@＝＋－＠\t\r\n\0]/;

/** Text that may be a formula gets a `'` in front. A negative number is none. */
function csvCell(value: CellValue, { raw }: CsvStyle): string {
  if (value === null || value === undefined) return '';
  const text = String(value);
  const guarded = !raw && typeof value === 'string' && FORMULA.test(text);
  const cell = guarded ? `'${text}` : text;
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
