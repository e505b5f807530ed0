import { toJson } from './json.js';

/** Turns rows into text, one at a time: an answer can be longer than memory. */
export interface RowWriter<Row> {
  begin(): string;
  row(row: Row): string;
  /** After the last row. */
  end(): Promise<string> | string;
  /** Where the rows end with an error: what makes whole what was begun, and tells. */
  fail(document: object): string;
}

export interface DocumentParts<Row, Json extends object = object> {
  /** The name of the array. */
  member: string;
  json(row: Row): Json;
  head?: object | undefined;
  tail?: (() => object) | undefined;
}

/** `{…head, "member": [ a line for each row ], …tail}`. */
export function jsonRowWriter<Row>(parts: DocumentParts<Row>): RowWriter<Row> {
  let separator = '\n';
  return {
    begin: () => `{${membersOf(parts.head ?? {}, 'before')}"${parts.member}":[`,
    row: (row) => {
      const text = separator + toJson(parts.json(row), { indent: false });
      separator = ',\n';
      return text;
    },
    end: () => {
      const lineEnd = separator === '\n' ? '' : '\n';
      return `${lineEnd}]${membersOf(parts.tail?.() ?? {}, 'after')}}\n`;
    },
    fail: (document) => `\n]${membersOf(document, 'after')}}\n`,
  };
}

/** The members of an object without its braces, with the comma that joins them to what is beside. */
function membersOf(object: object, side: 'before' | 'after'): string {
  const text = toJson(object, { indent: false }).slice(1, -1);
  if (text === '') return '';
  return side === 'before' ? `${text},` : `,${text}`;
}
