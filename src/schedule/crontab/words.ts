/**
 * Splits a file into lines. An editor of another system may have used other line ends, or begun the file
 * with a byte order mark.
 */
export function linesOf(text: string): string[] {
  return text.replace(/^\ufeff/, '').split(/\r?\n/);
}

/** Removes the quotes around the value of a setting. */
export function unquoted(value: string): string {
  return value.trim().replace(/^(["'])(.*)\1$/, '$2');
}

/** A word of a line, and its position from 0. */
export interface Word {
  text: string;
  at: number;
}

/**
 * Splits a line as a shell does: at spaces and tabs, with '…', "…" and backslashes; nothing else is
 * special. For a quotation that is not closed it returns where that begins, and the words before it.
 */
export function splitWords(line: string): Word[] | { unclosedAt: number; words: Word[] } {
  const words: Word[] = [];
  let at = 0;
  while (at < line.length) {
    if (/[ \t]/.test(line.charAt(at))) {
      at += 1;
      continue;
    }
    const begin = at;
    let text = '';
    while (at < line.length && !/[ \t]/.test(line.charAt(at))) {
      const character = line.charAt(at);
      if (character === "'" || character === '"') {
        const part = quoted(line, at, character);
        if (part === undefined) return { unclosedAt: at, words };
        text += part.text;
        at = part.end;
      } else if (character === '\\' && at + 1 < line.length) {
        text += line.charAt(at + 1);
        at += 2;
      } else {
        text += character;
        at += 1;
      }
    }
    words.push({ text, at: begin });
  }
  return words;
}

/** Returns the text from the quote at `from` to the next one, and the position after that. */
function quoted(
  line: string,
  from: number,
  quote: string,
): { text: string; end: number } | undefined {
  let text = '';
  for (let at = from + 1; at < line.length; at++) {
    const character = line.charAt(at);
    if (character === quote) return { text, end: at + 1 };
    const isEscape = quote === '"' && character === '\\' && /["\\$`]/.test(line.charAt(at + 1));
    if (isEscape) at += 1;
    text += line.charAt(at);
  }
  return undefined;
}

/** Quotes a word for a shell. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
