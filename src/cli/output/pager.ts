import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Environment } from '../../config/environment.js';
import { isSecretVariable } from '../../config/variables.js';

/** What less is told where nobody says otherwise, as git does: quit if it fits, colours, no clearing. */
const LESS = 'FRX';

/** The exit status of a shell that finds no such command. */
const NOT_FOUND = 127;

/** Nothing is said of a less that is not installed: the text is then printed. */
const DEFAULT_PAGER = 'command -v less >/dev/null || exit 127; exec less -R';

/** The command line of the pager; `undefined` where the text is to be printed as it is. */
function pagerOf({ PAGER, TERM }: Environment): string | undefined {
  if (TERM === 'dumb' || PAGER === '' || PAGER === 'cat') return undefined;
  return PAGER ?? DEFAULT_PAGER;
}

/** Where the text of an answer goes. */
export interface AnswerSink {
  /** Resolves when more may be written. */
  write(text: string): Promise<void>;
  /** Nobody wants to read the rest. */
  readonly readerGone: boolean;
}

/** So much of the text is kept until it is clear that there is such a pager: more than a pipe holds. */
const KEPT_LENGTH = 256 * 1024;

/**
 * A terminal of so many lines. An answer that does not fit on it goes, as it comes, into the pager; so
 * does none where there is no such pager. After `end` the reader has left it.
 */
export class PagedSink implements AnswerSink {
  readonly #plain: AnswerSink & { flush(): Promise<void> };
  readonly #lines: number;
  readonly #env: Environment;
  #pager: OpenPager | undefined;
  #isPlain = false;
  /** What the pager may not have taken. */
  #kept = '';
  #keptAll = true;

  constructor(plain: AnswerSink & { flush(): Promise<void> }, lines: number, env: Environment) {
    this.#plain = plain;
    this.#lines = lines;
    this.#env = env;
    this.#isPlain = pagerOf(env) === undefined;
  }

  get isOpen(): boolean {
    return this.#pager !== undefined;
  }

  get readerGone(): boolean {
    return this.#pager?.readerGone ?? this.#plain.readerGone;
  }

  async write(text: string): Promise<void> {
    if (this.#isPlain) {
      await this.#plain.write(text);
      return;
    }
    if (this.#keptAll) this.#kept += text;
    const command = pagerOf(this.#env);
    if (this.#pager === undefined && command !== undefined) {
      if (lineCount(this.#kept) < this.#lines) return;
      this.#pager = openPager(command, this.#env);
      await this.#pager.write(this.#kept);
      return;
    }
    await this.#pager?.write(text);
    if (this.#kept.length > KEPT_LENGTH) [this.#kept, this.#keptAll] = ['', false];
  }

  async end(): Promise<void> {
    const found = this.#pager === undefined ? false : await this.#pager.end();
    this.#pager = undefined;
    if (!found && this.#keptAll) await this.#plain.write(this.#kept);
    await this.#plain.flush();
  }
}

function lineCount(text: string): number {
  return text.split('\n').length;
}

interface OpenPager extends AnswerSink {
  /** Resolves to whether there was such a pager, after the reader has left it. */
  end(): Promise<boolean>;
}

/** On the terminal of this process, without our secrets. */
function openPager(command: string, env: Environment): OpenPager {
  const kept = Object.entries(env).filter(([name]) => !isSecretVariable(name));
  const child = spawn('/bin/sh', ['-c', command], {
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { LESS, ...Object.fromEntries(kept) },
  });
  // Rejects where there is no shell.
  const exited = once(child, 'exit').then(
    ([status]) => status !== NOT_FOUND,
    () => false,
  );
  let isGone = false;
  void exited.then(() => (isGone = true));
  // A reader who leaves before the end closes the pipe.
  child.stdin.on('error', () => (isGone = true));
  return {
    get readerGone() {
      return isGone;
    },
    write: async (text) => {
      if (isGone || child.stdin.write(text)) return;
      await Promise.race([once(child.stdin, 'drain').catch(() => undefined), exited]);
    },
    end: async () => {
      child.stdin.end();
      return await exited;
    },
  };
}
