import { createHash } from 'node:crypto';
import { mkdir, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import { openToAppend, readLastLines } from '../files/bounded.js';
import { errnoOf, translateFileError } from '../files/errors.js';
import { type ClaimStore, LARGEST_CLAIM_BYTES } from '../lock/claim.js';
import { openOwnFolder, ownFolderOf } from '../schedule/state/own-folder.js';
import { RECORDS_BYTES, RECORDS_READ_BYTES } from './limits.js';
import { drillResult } from './result.js';

/** The record of a drill: its result, with when and from where. */
export const drillRecord = v.object({
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

/** Puts a record at the destination. Of one that is too large to be read there, differences are only counted. */
export async function putRecord(claims: ClaimStore, record: DrillRecord): Promise<void> {
  const name = `${record.at.replace(/[^0-9TZ]/g, '')}-${record.scenario}-${record.id.slice(0, 8)}`;
  let fitting = record;
  while (encoded(fitting).length > LARGEST_CLAIM_BYTES && fitting.differences.length > 0) {
    fitting = withFewerDifferences(fitting);
  }
  if (encoded(fitting).length > LARGEST_CLAIM_BYTES) fitting = { ...fitting, kept: undefined };
  await claims.put(name, encoded(fitting).toString());
}

function encoded(record: DrillRecord): Buffer {
  return Buffer.from(`${JSON.stringify(record, null, 2)}\n`);
}

function withFewerDifferences(record: DrillRecord): DrillRecord {
  const { differences, differences_omitted: omitted = 0 } = record;
  const named = Math.floor(differences.length / 2);
  const further = differences.slice(named).reduce((sum, { count }) => sum + count, omitted);
  return { ...record, differences: differences.slice(0, named), differences_omitted: further };
}

/** Returns `undefined` for what is no record. */
export function decodeRecord(text: string): DrillRecord | undefined {
  const { success, output } = v.safeParse(jsonRecord, text);
  return success ? output : undefined;
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
      const record = decodeRecord(line);
      if (record !== undefined) byId.set(record.id, record);
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
