/** A word of a command line of the shell, or `&&` outside of quotes. */
interface ShellWord {
  kind: 'word' | 'and';
  /** Without its quotes. */
  text: string;
}

export interface ShellLine {
  words: ShellWord[];
  /** What follows a # that begins a word: the shell does not read it. */
  comment: string | undefined;
}

const NEEDS_SHELL: Readonly<Record<string, string>> = {
  $: 'a variable or $(…)',
  '`': 'a command in backquotes',
  ';': 'several commands with ;',
  '|': 'a pipe or ||',
  '&': 'a command in the background, or &>',
  '(': 'a subshell',
  ')': 'a subshell',
  '<': 'an input redirection',
  '*': 'a pattern of file names',
  '?': 'a pattern of file names',
  '[': 'a pattern of file names, or a test',
  '{': 'braces',
  '}': 'braces',
  '!': 'a negation',
};

/**
 * Splits a command line of `sh` into words where it means the same without a shell: plain words and
 * quotations, output redirections, which are left out, and `&&` as a word. Returns the reason, for
 * people, for everything else.
 */
export function splitShellLine(line: string): ShellLine | string {
  return new Splitter(line).split();
}

const REDIRECTION = 'a redirection in it needs a shell';

class Splitter {
  readonly #line: string;
  readonly #words: ShellWord[] = [];
  #at = 0;

  constructor(line: string) {
    this.#line = line;
  }

  split(): ShellLine | string {
    if (/[\x00-\x08\x0a-\x1f\x7f]/.test(this.#line)) return 'there is a control character in it';
    for (;;) {
      this.#at += /^[ \t]*/.exec(this.#rest)?.[0].length ?? 0;
      if (this.#rest === '') return { words: this.#words, comment: undefined };
      if (this.#rest.startsWith('#')) return { words: this.#words, comment: this.#rest };
      const problem = this.#next();
      if (problem !== undefined) return problem;
    }
  }

  get #rest(): string {
    return this.#line.slice(this.#at);
  }

  /** Reads a word, an operator or a redirection. Returns the reason where it needs a shell. */
  #next(): string | undefined {
    if (this.#rest.startsWith('&&')) {
      this.#at += 2;
      this.#words.push({ kind: 'and', text: '&&' });
      return undefined;
    }
    const merged = /^(?:2>&1|1?>&2)(?=[ \t]|$)/.exec(this.#rest)?.[0];
    if (merged !== undefined) {
      this.#at += merged.length;
      return undefined;
    }
    if (!/^\d*>/.test(this.#rest)) return this.#word((text) => this.#add(text));
    const redirection = /^[12]?>>?/.exec(this.#rest)?.[0];
    if (redirection === undefined) return REDIRECTION;
    this.#at += redirection.length;
    this.#at += /^[ \t]*/.exec(this.#rest)?.[0].length ?? 0;
    if (/^([&#>|]|$)/.test(this.#rest)) return REDIRECTION;
    // The daemon keeps a log of each run.
    return this.#word(() => undefined);
  }

  #add(text: string): void {
    this.#words.push({ kind: 'word', text });
  }

  /** Reads a word. */
  #word(add: (text: string) => void): string | undefined {
    if (this.#rest.startsWith('~')) return '~ in it needs a shell';
    let text = '';
    while (this.#at < this.#line.length && !/[ \t>]/.test(this.#rest.charAt(0))) {
      if (this.#rest.startsWith('&&')) break;
      const part = this.#part();
      if ('problem' in part) return part.problem;
      text += part.text;
      if (/^\w+=$/.test(text) && this.#rest.startsWith('~')) return '~ in it needs a shell';
    }
    add(text);
    return undefined;
  }

  /** Reads a quotation, an escaped character or a plain one. */
  #part(): { text: string } | { problem: string } {
    const character = this.#rest.charAt(0);
    if (character === "'") {
      const [all, text] = /^'([^']*)'/.exec(this.#rest) ?? [];
      return this.#taken(all, text);
    }
    if (character === '"') {
      const [all, text = ''] = /^"((?:[^"\\]|\\.)*)"/.exec(this.#rest) ?? [];
      const special = /(?<!\\)(?:\\\\)*([$`])/.exec(text)?.[1];
      if (special !== undefined) return needsShell(special);
      return this.#taken(all, text.replace(/\\(["\\$`])/g, '$1'));
    }
    if (character === '\\') {
      const [all, text] = /^\\(.)/.exec(this.#rest) ?? [];
      return all === undefined ? { problem: 'it ends in a backslash' } : this.#taken(all, text);
    }
    return Object.hasOwn(NEEDS_SHELL, character)
      ? needsShell(character)
      : this.#taken(character, character);
  }

  #taken(all: string | undefined, text = ''): { text: string } | { problem: string } {
    if (all === undefined) return { problem: 'a quotation in it is not closed' };
    this.#at += all.length;
    return { text };
  }
}

function needsShell(character: string): { problem: string } {
  return { problem: `${NEEDS_SHELL[character] ?? character} in it needs a shell` };
}
