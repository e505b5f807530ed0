import { open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import { errnoOf, translateFileError } from '../../files/errors.js';
import { syncFolder } from '../../files/sync.js';
import type { ScheduleState } from './state.js';
import { STATE_VERSION, scheduleState } from './state.js';

const FILE = 'state.json';

export type ReadState =
  | { kind: 'read'; state: ScheduleState }
  | { kind: 'none' }
  /** The state is truncated, damaged, or of a newer version. */
  | { kind: 'unusable'; reason: string };

/** Reads the state of a folder. Rejects where the file cannot be read at all. */
export async function readState(folder: string): Promise<ReadState> {
  let text: string;
  try {
    text = await readFile(path.join(folder, FILE), 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { kind: 'none' };
    throw translateFileError(error, 'read', path.join(folder, FILE));
  }
  return parseState(text);
}

function parseState(text: string): ReadState {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: 'unusable', reason: 'it is not JSON: it was cut short or changed' };
  }
  const version = v.safeParse(v.object({ version: v.number() }), value);
  if (version.success && version.output.version > STATE_VERSION) {
    const { version: its } = version.output;
    return { kind: 'unusable', reason: `a newer mangamotion wrote it (version ${its})` };
  }
  const result = v.safeParse(scheduleState, value);
  if (result.success) return { kind: 'read', state: result.output };
  const [issue] = result.issues;
  const where = v.getDotPath(issue) ?? 'it';
  return { kind: 'unusable', reason: `${where} is not valid` };
}

/** Renames a state that cannot be used. Resolves to the new path. */
export async function setStateAside(folder: string, now: Date): Promise<string> {
  const aside = path.join(folder, `state.unusable-${now.toISOString().replaceAll(':', '')}.json`);
  await rename(path.join(folder, FILE), aside);
  return aside;
}

/** Writes the state. Readers see the old state or the new one, also after a crash. */
export async function writeState(folder: string, state: ScheduleState): Promise<void> {
  const file = path.join(folder, FILE);
  const draft = `${file}.partial`;
  try {
    const handle = await open(draft, 'w', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(state)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, file);
    await syncFolder(folder);
  } catch (error) {
    throw translateFileError(error, 'write', file);
  }
}
