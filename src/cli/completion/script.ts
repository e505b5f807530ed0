import type { Catalog } from '../argv/command.js';
import { bashScript } from './bash.js';
import { fishScript } from './fish.js';
import { completionTree } from './model.js';
import { zshScript } from './zsh.js';

export type Shell = 'bash' | 'zsh' | 'fish';

const writers = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** The script of a shell. It holds all commands and options, and asks mangamotion only for names. */
export async function completionScript(shell: Shell, catalog: Catalog): Promise<string> {
  return writers[shell](await completionTree(catalog));
}
