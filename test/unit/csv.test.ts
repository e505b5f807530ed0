import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NumberText, csvLine } from '../../src/csv.js';

/** Reads a document as RFC 4180 says. */
function parse(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let rest = text;
  while (rest !== '') {
    const match = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/.exec(rest);
    if (match === null) throw new Error(`no CSV: ${JSON.stringify(rest)}`);
    row.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === '\r\n') {
      rows.push(row);
      row = [];
    }
    rest = rest.slice(match[0].length);
  }
  return rows;
}

const cells = fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 5 });
const lines = fc.array(cells, { maxLength: 5 });

describe('CSV', () => {
  it('gives any cells back to a reader of RFC 4180', () => {
    fc.assert(
      fc.property(lines, (rows) => {
        const text = rows.map((row) => csvLine(row, { raw: true })).join('');
        expect(parse(text)).toEqual(rows);
      }),
    );
  });

  it('never begins a cell of text like a formula', () => {
    fc.assert(
      fc.property(cells, (row) => {
        const [read = []] = parse(csvLine(row, { raw: false }));
        for (const cell of read) expect(cell).not.toMatch(/^[=+\-@＝＋－＠\t\r\n\0]/);
      }),
    );
  });

  it.each([
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@x', "'@x"],
    ['\tx', "'\tx"],
    ['\rx', `"'\rx"`],
    ['\nx', `"'\nx"`],
    ['\0=x', "'\0=x"],
    ['＝1', "'＝1"],
    ['＋1', "'＋1"],
    ['－1', "'－1"],
    ['＠x', "'＠x"],
    ['a=b', 'a=b'],
    ['=a,"b"', `"'=a,""b"""`],
    ['', ''],
  ])('%j becomes %j', (cell, text) => {
    expect(csvLine([cell], { raw: false })).toBe(`${text}\r\n`);
  });

  it('leaves negative numbers alone, and those that are longer than a double', () => {
    const exact = new NumberText('-12.500000000000000001');
    const line = csvLine([-5, 12345678901234567890n, exact, true, null, undefined], { raw: false });
    expect(line).toBe('-5,12345678901234567890,-12.500000000000000001,true,,\r\n');
  });
});
