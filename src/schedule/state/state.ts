import { rename } from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import { readSmallFile, replaceFile } from '../../files/bounded.js';
import { UnfitFileError, errnoOf, translateFileError } from '../../files/errors.js';
import { syncFolder } from '../../files/sync.js';
import { instant, pendingFiring, runRecord } from './record.js';

const FILE = 'state.json';
const STATE_VERSION = 1;
/** A state with a thousand entries has a megabyte. */
const MOST_BYTES = 64 * 1024 * 1024;

const entryState = v.object({
  /** Time fields and zone; where they change, the entry begins anew. */
  timing: v.string(),
  /** Firings up to this time are dealt with. */
  handled_until: instant,
  /** The due time of the last firing that was started by the clock. */
  last_started_due: v.nullable(instant),
  last_run: v.nullable(runRecord),
  last_success_at: v.nullable(instant),
});

/** The state that a daemon saves for the next one. */
const scheduleState = v.object({
  version: v.literal(STATE_VERSION),
  saved_at: instant,
  entries: v.record(v.string(), entryState),
  pending: v.array(pendingFiring),
  /** Records that may not be in the history yet. */
  outbox: v.array(runRecord),
});

export type ScheduleState = v.InferOutput<typeof scheduleState>;
export type EntryState = v.InferOutput<typeof entryState>;

export function emptyState(now: Date): ScheduleState {
  const saved_at = now.toISOString();
  return { version: STATE_VERSION, saved_at, entries: {}, pending: [], outbox: [] };
}

export type ReadState =
  | { kind: 'read'; state: ScheduleState }
  | { kind: 'none' }
  /** The state is truncated, damaged, of a newer version, or no file. */
  | { kind: 'unusable'; reason: string };

/** Reads the state of a folder. Rejects where the file cannot be read at all. */
export async function readState(folder: string): Promise<ReadState> {
  const file = path.join(folder, FILE);
  try {
    const { bytes } = await readSmallFile(file, { mostBytes: MOST_BYTES });
    return parseState(bytes.toString('utf8'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { kind: 'none' };
    if (errnoOf(error) === 'EISDIR') return { kind: 'unusable', reason: 'it is a folder' };
    if (error instanceof UnfitFileError) return { kind: 'unusable', reason: error.message };
    throw translateFileError(error, 'read', file);
  }
}

function parseState(text: string): ReadState {
  const json = v.safeParse(v.pipe(v.string(), v.parseJson()), text);
  if (!json.success) {
    return { kind: 'unusable', reason: 'it is not JSON: it was cut short or changed' };
  }
  const version = v.safeParse(v.object({ version: v.number() }), json.output);
  if (version.success && version.output.version > STATE_VERSION) {
    const { version: its } = version.output;
    return { kind: 'unusable', reason: `a newer mangamotion wrote it (version ${its})` };
  }
  const result = v.safeParse(scheduleState, json.output);
  if (result.success) return { kind: 'read', state: result.output };
  const where = v.getDotPath(result.issues[0]) ?? 'it';
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
  try {
    await replaceFile(file, `${JSON.stringify(state)}\n`);
    await syncFolder(folder);
  } catch (error) {
    throw translateFileError(error, 'write', file);
  }
}
