import { createHash } from 'node:crypto';
import { mkdir, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import { openToAppend, readLastLines } from '../files/bounded.js';
import { errnoOf, translateFileError } from '../files/errors.js';
import type { ClaimStore } from '../lock/claim.js';
import { openOwnFolder, ownFolderOf } from '../schedule/state/own-folder.js';
import { MOST_RECORDS_THERE, RECORDS_BYTES, RECORDS_READ_BYTES } from './limits.js';
import { SCENARIOS } from './objectives.js';
import { drillResult } from './result.js';

/** The record of a drill: its result, with when and from where. */
const drillRecord = v.object({
  /** RFC 3339 in UTC: when the drill ended. */
  at: v.pipe(v.string(), v.isoTimestamp()),
  /** Unique: a record that was written twice counts once. */
  id: v.string(),
  destination: v.string(),
  /** `offsite --cold`: nothing of this host was used. */
  cold: v.boolean(),
  ...drillResult.entries,
});

export type DrillRecord = v.InferOutput<typeof drillRecord>;

/** The folder of the records at a destination, each of which is a file of its own. */
export const RECORDS_FOLDER = '.mangamotion-drill-records';

const FILE = 'drills.ndjson';
const jsonRecord = v.pipe(v.string(), v.parseJson(), drillRecord);

/** Puts a record at the destination. */
export async function putRecord(claims: ClaimStore, record: DrillRecord): Promise<void> {
  const name = `${record.at.replace(/[^0-9TZ]/g, '')}-${record.scenario}-${record.id.slice(0, 8)}`;
  await claims.put(name, `${JSON.stringify(record, null, 2)}\n`);
}

const RECORD_NAME = /^\d{8}T\d+Z-(.+)-.{1,8}$/;

/** The records at a destination, each of which is read once: it never changes. */
export class RecordsThere {
  readonly #known = new Map<string, DrillRecord>();

  /**
   * Reads the newest records of each scenario, in no order, and counts those that cannot be read. Rejects
   * as the destination does.
   */
  async read(
    claims: ClaimStore,
    signal: AbortSignal,
  ): Promise<{ records: DrillRecord[]; damaged: number }> {
    const names: string[] = [];
    await claims.list(signal, (name) => {
      names.push(name);
      return false;
    });
    const newest = newestOf(names);
    for (const name of this.#known.keys()) if (!newest.has(name)) this.#known.delete(name);
    const isUnknown = (name: string) => newest.has(name) && !this.#known.has(name);
    if ([...newest].some(isUnknown)) {
      for (const { name, content = '' } of await claims.list(signal, isUnknown)) {
        const { success, output } = v.safeParse(jsonRecord, content);
        if (success) this.#known.set(name, output);
      }
    }
    return { records: [...this.#known.values()], damaged: newest.size - this.#known.size };
  }
}

/** The names begin with the times. */
function newestOf(names: readonly string[]): Set<string> {
  const sorted = [...new Set(names)].sort().reverse();
  return new Set(
    SCENARIOS.flatMap((scenario) =>
      sorted
        .filter((name) => RECORD_NAME.exec(name)?.[1] === scenario)
        .slice(0, MOST_RECORDS_THERE),
    ),
  );
}

/** The folder of the records in a state folder: that of the schedule's history. */
export function recordsFolderOf(stateFolder: string): string {
  return ownFolderOf(stateFolder);
}

/** Makes that folder. Rejects with `usage` for anything but a folder. */
export async function openRecordsFolder(
  stateFolder: string,
  warn: (line: string) => void,
): Promise<string> {
  try {
    await mkdir(stateFolder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw translateFileError(error, 'make', stateFolder);
  }
  const log = { info: () => undefined, warn: (_: object, line: string) => warn(line) };
  return await openOwnFolder(stateFolder, { ...log, error: log.warn });
}

/** Appends records to those in a folder. A line that a crash truncated stays a line of its own. */
export async function appendRecords(
  folder: string,
  records: readonly DrillRecord[],
): Promise<void> {
  const file = path.join(folder, FILE);
  try {
    if ((await sizeOf(file)) > RECORDS_BYTES) await rename(file, `${file}.1`);
    const handle = await openToAppend(file);
    try {
      const lines = records.map((record) => `${JSON.stringify(record)}\n`).join('');
      const { size } = await handle.stat();
      const last = Buffer.alloc(1);
      if (size > 0) await handle.read(last, 0, 1, size - 1);
      await handle.appendFile(size === 0 || last[0] === 0x0a ? lines : `\n${lines}`);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw translateFileError(error, 'write', file);
  }
}

export interface ReadRecords {
  /** The latest first. */
  records: DrillRecord[];
  /** The lines that are no records: the file, the line from its end, and the SHA-256 of the line. */
  damaged: { file: string; fromEnd: number; sha256: string }[];
}

/** Reads the records in a folder; none if there is no file. Damaged lines are named. */
export async function readRecords(folder: string): Promise<ReadRecords> {
  const file = path.join(folder, FILE);
  const byId = new Map<string, DrillRecord>();
  const damaged: ReadRecords['damaged'] = [];
  for (const one of [`${file}.1`, file]) {
    const lines = await linesOf(one);
    for (const [at, line] of lines.entries()) {
      const { success, output } = v.safeParse(jsonRecord, line);
      if (success) byId.set(output.id, output);
      else {
        const sha256 = createHash('sha256').update(line).digest('hex');
        damaged.push({ file: one, fromEnd: lines.length - at, sha256 });
      }
    }
  }
  return { records: [...byId.values()].reverse(), damaged };
}

async function linesOf(file: string): Promise<string[]> {
  try {
    return await readLastLines(file, RECORDS_READ_BYTES);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
    throw translateFileError(error, 'read', file);
  }
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 0;
    throw error;
  }
}
