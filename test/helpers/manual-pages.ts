import { readFileSync, readdirSync } from 'node:fs';
import { lexer, type Token, type Tokens } from 'marked';

/** The README and the pages of the manual, as tests look at them. */
export interface Document {
  /** From the root of the project: `README.md`, `src/manual/jobs.md`. */
  path: string;
  text: string;
}

const ROOT = new URL('../../', import.meta.url);

export function manualPages(): Document[] {
  const names = readdirSync(new URL('src/manual', ROOT));
  return names.sort().map((name) => documentAt(`src/manual/${name}`));
}

export function documentAt(path: string): Document {
  return { path, text: readFileSync(new URL(path, ROOT), 'utf8') };
}

/** All tokens of a document, those within others too. */
export function tokensOf(text: string): Token[] {
  const within = (token: Token): Token[] => {
    const table = token.type === 'table' ? (token as Tokens.Table) : undefined;
    const cells = table === undefined ? [] : [table.header, ...table.rows].flat();
    const items = token.type === 'list' ? (token as Tokens.List).items : [];
    const inner = 'tokens' in token ? (token.tokens ?? []) : [];
    return [
      token,
      ...[...inner, ...items, ...cells.flatMap((cell) => cell.tokens)].flatMap(within),
    ];
  };
  return lexer(text).flatMap(within);
}

/** The body of the tables whose first heading is this. */
export function tableRows(text: string, title: string): string[][] {
  const tables = tokensOf(text).filter((token) => token.type === 'table') as Tokens.Table[];
  return tables
    .filter(({ header }) => header[0]?.text.replaceAll('`', '') === title)
    .flatMap(({ rows }) => rows.map((row) => row.map((cell) => cell.text.replaceAll('`', ''))));
}

/** Command lines of the program in fenced blocks, as lists of words without `mangamotion`. */
export function commandLines(text: string): string[][] {
  const blocks = tokensOf(text).filter((token) => token.type === 'code') as Tokens.Code[];
  return blocks.flatMap(({ text: code, lang = '' }) =>
    code
      .split('\n')
      .filter((line) => !line.startsWith('#') && (lang !== 'console' || line.startsWith('$ ')))
      .flatMap(commandsIn),
  );
}

/** Every `mangamotion …` of a line, each up to the end of its command. */
function commandsIn(line: string): string[][] {
  return [...line.matchAll(/(?:^|[\s(|;])mangamotion((?: [^\s]|\s*$).*)/g)].flatMap(
    ([, rest = '']) => {
      const { words, tail } = shellWords(rest);
      return [words, ...commandsIn(tail)];
    },
  );
}

/** The words up to `|`, `&&`, `;`, `>`, `)` or a comment, and what is left behind. Pure. */
function shellWords(text: string): { words: string[]; tail: string } {
  const words: string[] = [];
  let rest = text;
  for (;;) {
    rest = rest.trimStart();
    if (rest === '' || /^(?:[|;)>#]|&&)/.test(rest)) return { words, tail: rest };
    const [all = '', single, double, bare] =
      /^(?:'([^']*)'|"([^"]*)"|([^\s|;)>]+))/.exec(rest) ?? [];
    if (all === '') throw new Error(`no word at the beginning of ${rest}`);
    words.push(single ?? double ?? bare ?? '');
    rest = rest.slice(all.length);
  }
}
