import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { runHere } from './in-process.js';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** zsh takes a Tab for text where more has been typed behind it. */
const PAUSE_MS = 150;

/** Answers the completion scripts: the names for these arguments, a line each. */
export interface NamesServer {
  port: number;
  close(): void;
}

/**
 * Starts what answers in the place of the program: a process for each Tab in each shell would make names
 * late. A request is the number of arguments, and they, each with a NUL behind it.
 */
export async function serveNames(
  answer: (args: readonly string[]) => Promise<string>,
): Promise<NamesServer> {
  const server = createServer((socket) => {
    let request = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      request += text;
      const [count = '', ...args] = request.split('\0').slice(0, -1);
      if (args.length < Number(count)) return;
      void answer(args).then((names) => socket.end(names));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

/**
 * Writes into the folder what interactive shells need: the completion scripts of the built program, and
 * a command `mangamotion` that prints its arguments, and asks the server for names.
 */
export async function prepareShells(folder: string, { port }: NamesServer): Promise<void> {
  await mkdir(join(folder, 'bin'));
  await mkdir(join(folder, 'zsh'));
  const command = join(folder, 'bin', 'mangamotion');
  await writeFile(
    command,
    `#!/bin/bash
if [ "$1" = __complete ]; then
  exec 3<> /dev/tcp/127.0.0.1/${port}
  printf '%s\\0' "$#" "$@" >&3
  cat <&3
  echo asked >> "$ASKED"
else
  printf 'ARG<%s>\\n' "$@"
  printf 'ARGS''END\\n'
fi
`,
  );
  await chmod(command, 0o755);
  for (const shell of SHELLS) {
    const { stdout } = await runHere(['completion', shell]);
    await writeFile(join(folder, `script.${shell}`), stdout);
  }
  const start = {
    [join('zsh', '.zshrc')]:
      `autoload -Uz compinit; compinit -u -d ${folder}/zsh/dump; source ${folder}/script.zsh; PS1='READY> '`,
    bashrc: `source ${folder}/script.bash; PS1='READY> '`,
    fishrc: `source ${folder}/script.fish; function fish_prompt; echo 'READY> '; end; function fish_greeting; end`,
  };
  for (const [name, line] of Object.entries(start))
    await writeFile(join(folder, name), `${line}\n`);
}

/** An interactive shell on a terminal, in the folder of `prepareShells`. */
export class ShellTerminal {
  /** A line for each time that the shell has asked the program for names. */
  readonly #askedFile: string;
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #screen = '';

  constructor(shell: Shell, folder: string, env: Record<string, string>) {
    const command = {
      bash: `bash --noprofile --rcfile ${folder}/bashrc -i`,
      zsh: 'zsh -i',
      fish: `fish --no-config --init-command 'source ${folder}/fishrc' -i`,
    }[shell];
    this.#askedFile = join(folder, `asked-by-${shell}`);
    writeFileSync(this.#askedFile, '');
    this.#child = spawn(
      'script',
      ['--quiet', '--return', '--command', `stty cols 500 rows 50; exec ${command}`, '/dev/null'],
      {
        cwd: folder,
        env: {
          PATH: `${join(folder, 'bin')}:${process.env.PATH ?? ''}`,
          ...{ HOME: folder, ZDOTDIR: join(folder, 'zsh'), TERM: 'xterm' },
          ...{ LANG: 'C.UTF-8', SHELL: '/bin/sh', ASKED: this.#askedFile },
          ...env,
        },
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    this.#closed = once(this.#child, 'close');
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#screen += text));
  }

  /**
   * Types the line, presses Tab, and then Enter. Resolves to the arguments that the shell gives to the
   * command, and to what the terminal showed.
   */
  async complete(line: string): Promise<{ args: string[]; screen: string }> {
    await this.#until(() => this.#screen.includes('READY'));
    await sleep(PAUSE_MS);
    this.#screen = '';
    const asked = await this.#asked();
    this.#type(line);
    await sleep(PAUSE_MS);
    this.#type('\t');
    await this.#until(async () => (await this.#asked()) > asked);
    await sleep(2 * PAUSE_MS);
    this.#type('\r');
    await this.#until(() => this.#screen.includes('ARGSEND'));
    await this.#until(() => this.#screen.slice(this.#screen.indexOf('ARGSEND')).includes('READY'));
    const screen = this.#screen;
    const args = [...screen.matchAll(/ARG<([^\r\n]*)>\r?\n/g)].map(([, arg = '']) => arg);
    return { args, screen };
  }

  async close(): Promise<void> {
    const giveUp = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    this.#type('exit\r');
    await this.#closed;
    clearTimeout(giveUp);
  }

  #type(text: string): void {
    this.#child.stdin?.write(text);
  }

  async #asked(): Promise<number> {
    return (await readFile(this.#askedFile, 'utf8')).length;
  }

  async #until(isSo: () => boolean | Promise<boolean>): Promise<void> {
    const giveUp = performance.now() + 60_000;
    while (!(await isSo())) {
      if (performance.now() > giveUp) throw new Error(`the shell hangs:\n${this.#screen}`);
      await sleep(20);
    }
  }
}
