import { csvLine, type CellValue } from '../csv.js';
import { jsonRowWriter, type DocumentParts, type RowWriter } from '../json-rows.js';
import { failureOf } from './failure.js';

/** Text is handed over in pieces of about this many characters. */
const PIECE_LENGTH = 64 * 1024;

interface RowsAnswer<Row> extends DocumentParts<Row> {
  rows: Iterable<Row> | AsyncIterable<Row>;
}

/**
 * A document with rows as they come, so that any number of them takes no memory: nothing is read ahead
 * of the client. If the rows end with an error, the document has a member `error`, as that of a command
 * has, and the connection is cut: a client must not take a part for the whole.
 */
export function rowsAnswer<Row>({ rows, ...parts }: RowsAnswer<Row>): Response {
  const headers = { 'content-type': 'application/json; charset=utf-8' };
  return streamed(rows, jsonRowWriter(parts), headers);
}

interface CsvAnswer<Row> {
  /** The cells of a row by the names of the columns, in their order. */
  cells: Readonly<Record<string, (row: Row) => CellValue>>;
  rows: Iterable<Row> | AsyncIterable<Row>;
  /** The name under which browsers save the answer. */
  fileName: string;
}

/** Answers with rows of CSV as they come. CSV has no place for an error: the connection is cut instead. */
export function csvAnswer<Row>({ cells, rows, fileName }: CsvAnswer<Row>): Response {
  const style = { raw: false };
  const columns = Object.values(cells);
  const writer: RowWriter<Row> = {
    begin: () => csvLine(Object.keys(cells), style),
    row: (row) =>
      csvLine(
        columns.map((cellOf) => cellOf(row)),
        style,
      ),
    end: () => '',
    fail: () => '',
  };
  return streamed(rows, writer, {
    'content-type': 'text/csv; charset=utf-8',
    'content-disposition': `attachment; filename="${fileName}"`,
  });
}

function streamed<Row>(
  rows: Iterable<Row> | AsyncIterable<Row>,
  writer: RowWriter<Row>,
  headers: Readonly<Record<string, string>>,
): Response {
  const pieces = piecesOf(rows, writer);
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await pieces.next();
        if (done === true) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
      async cancel() {
        await pieces.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: { 'cache-control': 'no-store', ...headers } });
}

async function* piecesOf<Row>(
  rows: Iterable<Row> | AsyncIterable<Row>,
  writer: RowWriter<Row>,
): AsyncGenerator<string, undefined> {
  let pending = writer.begin();
  const isPiece = (row: Row): boolean => {
    pending += writer.row(row);
    return pending.length >= PIECE_LENGTH;
  };
  const taken = (): string => {
    const piece = pending;
    pending = '';
    return piece;
  };
  try {
    // To await each of very many rows takes as long as to make them.
    if (Symbol.iterator in rows) for (const row of rows) if (isPiece(row)) yield taken();
    if (Symbol.asyncIterator in rows) for await (const row of rows) if (isPiece(row)) yield taken();
  } catch (error) {
    const { message, code } = failureOf(error);
    yield pending + writer.fail({ error: message, code });
    throw error;
  }
  yield pending + (await writer.end());
}
