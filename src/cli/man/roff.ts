import type { Token, Tokens } from 'marked';
import { lexer } from 'marked';
import { renderMarkdown } from '../manual/render.js';
import { spansOf } from '../manual/inline.js';

/** A man page is indented by 7 columns on a terminal of 80. */
const TABLE_WIDTH = 72;

export interface ManTitle {
  /** `mangamotion-recovery`. */
  name: string;
  /** 1 for commands, 7 for topics. */
  section: 1 | 7;
  summary: string;
  version: string;
}

/** The first lines of a page, up to and with its NAME. */
export function titleLines({ name, section, summary, version }: ManTitle): string[] {
  return [
    `.TH "${escapeText(name.toUpperCase())}" ${section} "" "mangamotion ${version}" "mangamotion"`,
    // Ragged on the right and without hyphens: names and options stay whole.
    '.ad l',
    '.nh',
    '.SH NAME',
    `${escapeText(name)} \\- ${escapeText(summary)}`,
  ];
}

/** A page of the manual as roff for man(7), without its title. Pure. */
export function roffOfMarkdown(markdown: string): string[] {
  return lexer(markdown).flatMap(block);
}

function block(token: Token): string[] {
  switch (token.type) {
    case 'heading': {
      const { depth, tokens } = token as Tokens.Heading;
      // The first heading is the title of the page, which NAME gives.
      if (depth === 1) return ['.SH DESCRIPTION'];
      return [depth === 2 ? `.SH ${inline(tokens).toUpperCase()}` : `.SS ${inline(tokens)}`];
    }
    case 'paragraph':
      return ['.PP', textLine(inline((token as Tokens.Paragraph).tokens))];
    case 'text':
      return [textLine(inline((token as Tokens.Text).tokens ?? []))];
    case 'code':
      return literal((token as Tokens.Code).text);
    case 'table':
      return literal(renderMarkdown(token.raw, PLAIN).trimEnd());
    case 'list':
      return list(token as Tokens.List);
    case 'space':
    case 'html':
      return [];
    default:
      throw new Error(`the manual cannot show: ${token.raw}`);
  }
}

const PLAIN = { width: TABLE_WIDTH, paint: (_tone: unknown, text: string) => text, colored: false };

function list({ items, ordered, start }: Tokens.List): string[] {
  return items.flatMap(({ tokens }, index) => {
    const mark = ordered ? `${Number(start) + index}.` : '\\(bu';
    const [first, ...rest] = tokens.map(block);
    return [`.IP "${mark}" 4`, ...(first ?? []).filter((line) => line !== '.PP'), ...rest.flat()];
  });
}

/** Lines that stay as they are. */
export function literal(text: string): string[] {
  const lines = text.split('\n').map((line) => (line === '' ? '' : textLine(escapeText(line))));
  return [
    '.PP',
    '.RS 4',
    '.nf',
    ...lines.map((line) => (line === '' ? '\\&' : line)),
    '.fi',
    '.RE',
  ];
}

function inline(tokens: readonly Token[]): string {
  return spansOf(tokens, false)
    .map(({ text, tone }) => {
      const escaped = escapeText(text.replace(/\s*\n\s*/g, ' '));
      return tone === undefined || text.trim() === '' ? escaped : `\\fB${escaped}\\fR`;
    })
    .join('');
}

/** Text that roff prints as it is; hyphens stay hyphens that can be copied into a shell. */
export function escapeText(text: string): string {
  return text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll('"', '\\(dq');
}

/** A line of text must not begin like a request. */
export function textLine(line: string): string {
  return /^[.']/.test(line) ? `\\&${line}` : line;
}
