/** What a cell can hold. Bytes and counts are exact: nothing is rounded for people. */
export type CellValue = string | number | bigint | boolean | null | undefined;

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
 * Text that begins with = + - @ TAB or CR is run as a formula by spreadsheets, so it gets a `'` in
 * front. Numbers are left alone: a negative one is no formula.
 */
function csvCell(value: CellValue, { raw }: CsvStyle): string {
  if (value === null || value === undefined) return '';
  const text = String(value);
  const guarded = !raw && typeof value === 'string' && /^[=+\-@\t\r]/.test(text);
  const cell = guarded ? `'${text}` : text;
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
