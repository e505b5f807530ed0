import type { Token, Tokens } from 'marked';
import stringWidth from 'string-width';
import type { Tone } from '../output/paint.js';
import { isTopic } from './topics.js';

/** A stretch of text in one tone. */
export interface Span {
  text: string;
  tone: Tone | undefined;
}

/** A command in a sentence is kept on one line up to this width, so that it can be copied. */
const LONGEST_UNBROKEN = 40;

/** The text of a paragraph, a heading or a cell. `marks` keeps the backticks of code. */
export function spansOf(tokens: readonly Token[], marks: boolean, tone?: Tone): Span[] {
  return tokens.flatMap((token): Span[] => {
    if (token.type === 'codespan') {
      const text = (token as Tokens.Codespan).text;
      return [{ text: marks ? `\`${text}\`` : text, tone: 'active' }];
    }
    if (token.type === 'link') return linkSpans(token as Tokens.Link, marks, tone);
    if (token.type === 'html') return [];
    const inner = token.type === 'strong' || token.type === 'em' ? 'strong' : tone;
    if ('tokens' in token) return spansOf(token.tokens, marks, inner);
    return [{ text: (token as Tokens.Text).text, tone }];
  });
}

/** A link, with what a reader without a browser can do about it. */
function linkSpans({ href, tokens }: Tokens.Link, marks: boolean, tone?: Tone): Span[] {
  const text = spansOf(tokens, marks, tone);
  const [, topic] = /^([a-z-]+)\.md(?:#.*)?$/.exec(href) ?? [];
  if (isTopic(topic)) {
    const command = `mangamotion help ${topic}`;
    const shown: Span = { text: marks ? `\`${command}\`` : command, tone: 'active' };
    return [...text, { text: ' (', tone }, shown, { text: ')', tone }];
  }
  if (href.startsWith('#') || text.map((span) => span.text).join('') === href) return text;
  return [...text, { text: ` (${href.replace(/^(\.\.\/)+/, '')})`, tone }];
}

interface Word {
  spans: Span[];
  width: number;
}

/** Lines of at most `width` columns; a word that is wider is broken. */
export function wrap(spans: readonly Span[], width: number): Span[][] {
  const lines: Span[][] = [[]];
  let taken = 0;
  for (const word of wordsOf(spans).flatMap((each) => broken(each, width))) {
    if (taken > 0 && taken + 1 + word.width > width) {
      lines.push([]);
      taken = 0;
    }
    const line = lines.at(-1) ?? [];
    if (taken > 0) line.push({ text: ' ', tone: spaceTone(line.at(-1), word.spans[0]) });
    line.push(...word.spans);
    taken += (taken > 0 ? 1 : 0) + word.width;
  }
  return lines;
}

/** The word, or where it is wider than a line its parts: at blanks where it has some. */
function broken(word: Word, width: number): Word[] {
  if (word.width <= width) return [word];
  if (word.spans.some(({ text }) => text.includes(' '))) {
    const words = word.spans.flatMap(({ text, tone }) =>
      text.split(' ').map((part) => ({ spans: [{ text: part, tone }], width: stringWidth(part) })),
    );
    return words.flatMap((part) => broken(part, width));
  }
  const parts: Word[] = [];
  let part: Word = { spans: [], width: 0 };
  for (const { text, tone } of word.spans) {
    for (const character of text) {
      const columns = stringWidth(character);
      if (part.width > 0 && part.width + columns > width) {
        parts.push(part);
        part = { spans: [], width: 0 };
      }
      const last = part.spans.at(-1);
      if (last !== undefined && last.tone === tone) last.text += character;
      else part.spans.push({ text: character, tone });
      part.width += columns;
    }
  }
  return [...parts, part];
}

/** The width of the widest word. */
export function widestWord(spans: readonly Span[]): number {
  return Math.max(0, ...wordsOf(spans).map(({ width }) => width));
}

function spaceTone(before: Span | undefined, after: Span | undefined): Tone | undefined {
  return before?.tone === after?.tone ? before?.tone : undefined;
}

/** Words may consist of several spans: `code`, then a full stop. */
function wordsOf(spans: readonly Span[]): Word[] {
  const words: Word[] = [{ spans: [], width: 0 }];
  for (const { text, tone } of spans) {
    const isWhole = tone === 'active' && stringWidth(text) <= LONGEST_UNBROKEN;
    for (const piece of isWhole ? [text] : text.split(/(\s+)/)) {
      const word = words.at(-1);
      if (piece.trim() === '' || word === undefined) words.push({ spans: [], width: 0 });
      else {
        word.spans.push({ text: piece, tone });
        word.width += stringWidth(piece);
      }
    }
  }
  return words.filter((word) => word.spans.length > 0);
}
