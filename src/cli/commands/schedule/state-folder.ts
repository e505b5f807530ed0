import path from 'node:path';
import { defaultStateFolder, processEnvironment } from '../../../config/environment.js';
import type { CommandContext } from '../../argv/command.js';

export const STATE_OPTION = {
  value: 'folder',
  description:
    'the folder for the state, history and logs of the daemon, which are in its subfolder ' +
    'schedule-state (default: mangamotion in $XDG_STATE_HOME or ~/.local/state)',
  complete: 'folder',
} as const;

/** The folder that is named, or the one of this user. */
export function stateFolderOf({ cwd }: CommandContext, given: string | undefined): string {
  return given === undefined ? defaultStateFolder(processEnvironment()) : path.resolve(cwd, given);
}
