import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { FolderClaims } from '../../lock/folder-claims.js';
import type { Claim } from '../../lock/claim.js';
import { lockHolder } from '../../lock/read-claims.js';
import { readHistory } from './history.js';
import { mergeStates } from './merge.js';
import { OWN_FOLDER, ownFolderOf } from './own-folder.js';
import type { RunRecord } from './record.js';
import type { ReadState } from './state.js';
import { readState } from './state.js';

/**
 * What a state folder tells to those who only read it. Earlier versions have their state directly in it.
 * Both places count until a daemon of this version has moved all of it.
 */

/** Resolves to the state. Its logs are named from the state folder. */
export async function readRecordedState(stateFolder: string): Promise<ReadState> {
  // What is moved meanwhile is found in the second place.
  const earlier = await readState(stateFolder);
  const own = await readState(ownFolderOf(stateFolder));
  const read = together(earlier, own);
  if (read.kind !== 'read') return read;
  const logOf = await logFinder(stateFolder);
  const { entries, outbox } = read.state;
  const found = Object.entries(entries).map(([name, entry]) => {
    const { last_run } = entry;
    return [name, { ...entry, last_run: last_run && logOf(last_run) }] as const;
  });
  const state = { ...read.state, entries: Object.fromEntries(found), outbox: outbox.map(logOf) };
  return { kind: 'read', state };
}

function together(earlier: ReadState, own: ReadState): ReadState {
  if (earlier.kind === 'none') return own;
  if (own.kind === 'none' || earlier.kind === 'unusable') return earlier;
  if (own.kind === 'unusable') return own;
  return { kind: 'read', state: mergeStates(earlier.state, own.state) };
}

/** Resolves to the history, as `readHistory` does. Its logs are named from the state folder. */
export async function readRecordedHistory(
  stateFolder: string,
): Promise<{ records: RunRecord[]; damaged: number }> {
  const { records, damaged } = await readHistory(stateFolder, ownFolderOf(stateFolder));
  return { records: records.map(await logFinder(stateFolder)), damaged };
}

/** Logs of earlier versions were moved with the state. */
async function logFinder(stateFolder: string): Promise<(record: RunRecord) => RunRecord> {
  const areWhereTheyWere = await lstat(path.join(stateFolder, 'runs')).catch(() => undefined);
  return (record) =>
    areWhereTheyWere || record.log_file?.startsWith('runs/') !== true
      ? record
      : { ...record, log_file: path.join(OWN_FOLDER, record.log_file) };
}

interface Look {
  now: Date;
  signal: AbortSignal;
}

/**
 * Resolves to who holds a state folder and to the folder in which it works: the subfolder of our own, or
 * the state folder itself for an earlier version.
 */
export async function holderOf(
  stateFolder: string,
  look: Look,
): Promise<{ holder: Claim; folder: string } | undefined> {
  for (const folder of [ownFolderOf(stateFolder), stateFolder]) {
    const holder = await lockHolder(new FolderClaims(folder), look);
    if (holder !== undefined) return { holder, folder };
  }
  return undefined;
}

/** A daemon locks the state folder first, and the subfolder a moment later. */
const BETWEEN_LOCKS_MS = 500;

/** Resolves to the folder in which the daemon looks for requests. */
export async function requestsFolderOf(stateFolder: string, look: Look): Promise<string> {
  const first = await holderOf(stateFolder, look);
  if (first?.folder === stateFolder) await delay(BETWEEN_LOCKS_MS);
  const { folder } = (await holderOf(stateFolder, look)) ?? first ?? {};
  return folder ?? ownFolderOf(stateFolder);
}
