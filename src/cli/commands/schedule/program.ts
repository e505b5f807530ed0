import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { CommandContext } from '../../argv/command.js';

const BIN = fileURLToPath(new URL('../../../../bin/mangamotion.js', import.meta.url));

/** This program, as a child is begun: with the settings of this run, whatever the folder. */
export function thisProgram({
  settingFlags,
}: CommandContext): readonly [file: string, ...args: string[]] {
  // Node.js 20 takes an --env-file of ours for one of its own unless `--` comes first.
  return [process.execPath, ...process.execArgv, '--', path.resolve(BIN), ...settingFlags];
}
