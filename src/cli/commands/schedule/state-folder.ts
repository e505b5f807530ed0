import path from 'node:path';
import { defaultStateFolder, processEnvironment } from '../../../config/environment.js';
import type { ObjectStore } from '../../../object-store/port.js';
import type { Retention } from '../../../object-store/objects.js';
import type { ServerFindings } from '../../../object-store/server-findings.js';
import type { LockProof } from '../../../repository/locks.js';
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

/**
 * Resolves to what `doctor --probe` found out about a server, in the state folder of this user or of
 * the service; `undefined` if that is nothing.
 */
export async function findingsAbout(
  { now }: Pick<CommandContext, 'now'>,
  { endpoint }: Pick<ObjectStore, 'endpoint'>,
): Promise<ServerFindings | undefined> {
  const { readFindings } = await import('../../../object-store/server-findings.js');
  const { SYSTEM_STATE_FOLDER } = await import('../../../schedule/unit.js');
  const folders = [defaultStateFolder(processEnvironment()), SYSTEM_STATE_FOLDER];
  return await readFindings(folders, endpoint, now());
}

interface LockPlace {
  endpoint: string;
  bucket: string;
  mode: Retention['mode'];
}

/** Resolves to what a backup has proved about the locks of a bucket; `undefined` if nothing is known. */
export async function knownLocks(
  context: Pick<CommandContext, 'now'>,
  place: LockPlace,
): Promise<LockProof | undefined> {
  const { lockFindingName } = await import('../../../object-store/server-findings.js');
  const endpoint = lockFindingName(place.endpoint, place);
  const lock = (await findingsAbout(context, { endpoint }))?.lock;
  return lock === 'resists' || lock === 'unproved' ? lock : undefined;
}

/** Remembers it in the state folder of this user. */
export async function rememberLocks(
  { now }: Pick<CommandContext, 'now'>,
  place: LockPlace,
  lock: LockProof,
): Promise<void> {
  const { keepServer, lockFindingName } = await import('../../../object-store/server-findings.js');
  const name = lockFindingName(place.endpoint, place);
  const finding = { probed_at: now().toISOString(), lock };
  await keepServer(defaultStateFolder(processEnvironment()), name, finding);
}
