import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { PROGRAM, mangamotion } from '../e2e/run.js';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/**
 * Interactive shells with the completion script of the built program, in a folder of their own. There
 * `mangamotion` is a command that prints its arguments, and passes `__complete` on to the program.
 */
export class ShellTerminals {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(folder: string): Promise<ShellTerminals> {
    await mkdir(join(folder, 'bin'));
    await mkdir(join(folder, 'zsh'));
    const program = `#!/bin/bash
if [ "$1" = __complete ]; then
  "${process.execPath}" "${PROGRAM}" "$@" 2>> "${folder}/stderr"
  echo asked >> "${folder}/asked"
else
  printf 'ARG<%s>\\n' "$@"
  printf 'ARGS''END\\n'
fi
`;
    await writeFile(join(folder, 'bin', 'mangamotion'), program);
    await chmod(join(folder, 'bin', 'mangamotion'), 0o755);
    for (const shell of SHELLS) {
      const { stdout } = await mangamotion(['completion', shell]);
      await writeFile(join(folder, `script.${shell}`), stdout);
    }
    await writeFile(
      join(folder, 'zsh', '.zshrc'),
      `autoload -Uz compinit; compinit -u -d ${folder}/zsh/dump; source ${folder}/script.zsh; PS1='READY> '\n`,
    );
    await writeFile(join(folder, 'bashrc'), `source ${folder}/script.bash; PS1='READY> '\n`);
    await writeFile(
      join(folder, 'fishrc'),
      `source ${folder}/script.fish; function fish_prompt; echo 'READY> '; end; function fish_greeting; end\n`,
    );
    await writeFile(join(folder, 'asked'), '');
    await writeFile(join(folder, 'stderr'), '');
    return new ShellTerminals(folder);
  }

  /** What the program has written to stderr when it was asked for names. */
  async stderr(): Promise<string> {
    return await readFile(join(this.#folder, 'stderr'), 'utf8');
  }

  /**
   * Types the line, presses Tab, and then Enter. Resolves to the arguments that the shell then gives to
   * the command, and to all that the terminal showed.
   */
  async complete(
    shell: Shell,
    line: string,
    env: Record<string, string> = {},
  ): Promise<{ args: string[]; screen: string }> {
    const command = {
      bash: `bash --noprofile --rcfile ${this.#folder}/bashrc -i`,
      zsh: 'zsh -i',
      fish: `fish --no-config --init-command 'source ${this.#folder}/fishrc' -i`,
    }[shell];
    const child = spawn(
      'script',
      ['--quiet', '--return', '--command', `stty cols 500 rows 50; exec ${command}`, '/dev/null'],
      {
        cwd: this.#folder,
        env: {
          PATH: `${join(this.#folder, 'bin')}:${process.env.PATH ?? ''}`,
          ...{ HOME: this.#folder, ZDOTDIR: join(this.#folder, 'zsh'), TERM: 'xterm' },
          ...{ LANG: 'C.UTF-8', SHELL: '/bin/sh' },
          ...env,
        },
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    const closed = once(child, 'close');
    let screen = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (screen += text));
    const seen = async (text: string): Promise<void> => {
      while (!screen.includes(text) && child.exitCode === null) await sleep(20);
    };
    const giveUp = setTimeout(() => child.kill('SIGKILL'), 60_000);
    await seen('READY');
    await sleep(200);
    const asked = await this.#asked();
    child.stdin.write(line);
    // zsh takes a Tab for text where more has been typed behind it.
    await sleep(200);
    child.stdin.write('\t');
    while ((await this.#asked()) === asked && child.exitCode === null) await sleep(20);
    await sleep(300);
    child.stdin.write('\r');
    await seen('ARGSEND');
    child.stdin.write('exit\r');
    await closed;
    clearTimeout(giveUp);
    const args = [...screen.matchAll(/ARG<([^\r\n]*)>\r?\n/g)].map(([, arg = '']) => arg);
    return { args, screen };
  }

  async #asked(): Promise<number> {
    return (await readFile(join(this.#folder, 'asked'), 'utf8')).length;
  }
}
