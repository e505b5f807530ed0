import type { Token, Tokens } from 'marked';
import { lexer } from 'marked';
import stringWidth from 'string-width';
import type { TextStyle } from '../output/answers.js';
import type { Paint, Tone } from '../output/paint.js';
import type { GridCell } from '../output/table.js';
import { tableLine } from '../output/table.js';
import { visibleLines } from '../output/terminal-text.js';
import type { Span } from './inline.js';
import { spansOf, widestWord, wrap } from './inline.js';

const CODE_INDENT = 4;
const GAP = 2;

/**
 * Markdown as people read it on a terminal or, without colours, in a file: there code keeps its
 * backticks, and headings are underlined. Lines of code are never wrapped: they are for copying. Pure.
 */
export function renderMarkdown(markdown: string, style: TextStyle): string {
  const blocks = lexer(markdown)
    .map((token) => block(token, style))
    .filter((lines) => lines.length > 0);
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function block(token: Token, style: TextStyle): string[] {
  switch (token.type) {
    case 'heading':
      return heading(token as Tokens.Heading, style);
    case 'paragraph':
    case 'text':
      return paragraph((token as Tokens.Text).tokens ?? [], style);
    case 'code':
      return code((token as Tokens.Code).text, style);
    case 'list':
      return list(token as Tokens.List, style);
    case 'table':
      return table(token as Tokens.Table, style);
    case 'space':
    case 'html':
      // Comments mark what tests and scripts look for.
      return [];
    default:
      throw new Error(`the manual cannot show: ${token.raw}`);
  }
}

function heading({ tokens, depth }: Tokens.Heading, style: TextStyle): string[] {
  const lines = wrap(spansOf(tokens, !style.colored), style.width).map((line) =>
    line.map(({ text }) => text).join(''),
  );
  if (style.colored) {
    return lines.map((line) => style.paint('strong', depth === 1 ? line.toUpperCase() : line));
  }
  if (depth > 2) return lines;
  const width = Math.max(...lines.map((line) => stringWidth(line)));
  return [...lines, (depth === 1 ? '=' : '-').repeat(width)];
}

function paragraph(tokens: readonly Token[], style: TextStyle): string[] {
  const spans = spansOf(tokens, !style.colored);
  return wrap(spans, style.width).map((line) => paintLine(line, style.paint));
}

function paintLine(line: readonly Span[], paint: Paint): string {
  return line.map(({ text, tone }) => paint(tone, visibleLines(text))).join('');
}

function code(text: string, { paint, colored }: TextStyle): string[] {
  const tone: Tone | undefined = colored ? 'active' : undefined;
  return text
    .split('\n')
    .map((line) => (line === '' ? '' : ' '.repeat(CODE_INDENT) + paint(tone, visibleLines(line))));
}

function list({ items, ordered, start, loose }: Tokens.List, style: TextStyle): string[] {
  const rendered = items.map((item, index) => {
    const mark = ordered ? `${Number(start) + index}. ` : '- ';
    return blocksWithin(item.tokens, style, mark, ' '.repeat(mark.length));
  });
  return loose
    ? rendered.flatMap((lines, i) => (i === 0 ? lines : ['', ...lines]))
    : rendered.flat();
}

/** Blocks behind a mark: a bullet before the first line, an indent before the others. */
function blocksWithin(
  tokens: readonly Token[],
  style: TextStyle,
  first: string,
  other: string,
): string[] {
  const inner = { ...style, width: style.width - other.length };
  const lines = tokens
    .map((token) => block(token, inner))
    .filter((found) => found.length > 0)
    .flatMap((found, index) => (index === 0 || tokens.length < 3 ? found : ['', ...found]));
  return lines.map((line, index) => (index === 0 ? first : line === '' ? '' : other) + line);
}

/** Plain columns; cells are wrapped so that the table fits, and then rows stand apart. */
function table({ header, rows, align }: Tokens.Table, style: TextStyle): string[] {
  const [titles = [], ...body] = [header, ...rows].map((row) =>
    row.map((cell) => spansOf(cell.tokens, !style.colored)),
  );
  const widths = columnWidths([titles, ...body], style.width);
  if (widths === undefined) return stacked(titles, body, style);
  const columns = align.map((side) => ({ align: side === 'right' ? side : ('left' as const) }));
  const print = (row: readonly Span[][], title: Tone | undefined) => {
    const cells = row.map((cell, column) => wrap(cell, widths[column] ?? 0));
    const height = Math.max(...cells.map((lines) => lines.length));
    return Array.from({ length: height }, (_, at) =>
      tableLine(
        cells.map((lines) => gridCell(lines[at] ?? [], title)),
        { columns, widths },
        { width: Infinity },
        style.paint,
      ),
    );
  };
  const printed = body.map((row) => print(row, undefined));
  const rule = widths.map((width) => '─'.repeat(width)).join(' '.repeat(GAP));
  return [...print(titles, 'strong'), style.paint('muted', rule), ...apart(printed)];
}

/** A cell has one tone: that of its text, where it has only one. */
function gridCell(line: readonly Span[], title: Tone | undefined): GridCell {
  const text = line.map((span) => span.text).join('');
  return { text, tone: title ?? (line.length === 1 ? line[0]?.tone : undefined) };
}

/** Where the columns do not fit beside one another: each row as lines below its first cell. */
function stacked(
  titles: readonly Span[][],
  rows: readonly (readonly Span[][])[],
  style: TextStyle,
): string[] {
  const indent = 2;
  return apart(
    rows.map(([first = [], ...others]) => [
      ...wrap(first, style.width).map((line) => paintLine(line, style.paint)),
      ...others.flatMap((cell, index) => {
        if (cell.length === 0) return [];
        const label = [...(titles[index + 1] ?? []), { text: ': ', tone: undefined }];
        return wrap([...label, ...cell], style.width - indent).map(
          (line) => ' '.repeat(indent) + paintLine(line, style.paint),
        );
      }),
    ]),
  );
}

/** Rows of several lines have an empty line between them. */
function apart(rows: readonly string[][]): string[] {
  const isWrapped = rows.some((lines) => lines.length > 1);
  return rows.flatMap((lines, index) => (isWrapped && index > 0 ? ['', ...lines] : lines));
}

/**
 * The widest column gives way until the table fits; `undefined` where a column would be narrower than
 * its widest word.
 */
function columnWidths(rows: readonly (readonly Span[][])[], width: number): number[] | undefined {
  const columns = rows[0]?.map((_, column) => rows.map((row) => row[column] ?? [])) ?? [];
  const widths = columns.map((cells) => Math.max(...cells.map(widthOf)));
  const least = columns.map((cells) => Math.max(...cells.map(widestWord)));
  const room = width - GAP * (widths.length - 1);
  while (widths.reduce((sum, each) => sum + each, 0) > room) {
    const slack = widths.map((each, column) => (each > (least[column] ?? 0) ? each : 0));
    const widest = slack.indexOf(Math.max(...slack));
    if (slack[widest] === 0) return undefined;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

function widthOf(line: readonly Span[]): number {
  return line.reduce((sum, { text }) => sum + stringWidth(text), 0);
}
