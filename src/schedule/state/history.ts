import type { FileHandle } from 'node:fs/promises';
import { rename, stat } from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import { openToAppend, readLastLines } from '../../files/bounded.js';
import { errnoOf, translateFileError } from '../../files/errors.js';
import type { RunRecord } from './record.js';
import { runRecord } from './record.js';

const FILE = 'history.ndjson';
/** The size at which the history is rotated: about 15,000 records. One older file is kept. */
const MOST_BYTES = 4 * 1024 * 1024;
/** Of a file that is larger, because something else wrote it, the end is read. */
const MOST_READ_BYTES = 16 * 1024 * 1024;

const jsonRecord = v.pipe(v.string(), v.parseJson(), runRecord);

function filesOf(folder: string): { current: string; before: string } {
  const current = path.join(folder, FILE);
  return { current, before: `${current}.1` };
}

/** Appends records. A line that a crash truncated stays a line of its own. */
export async function appendHistory(folder: string, records: readonly RunRecord[]): Promise<void> {
  const { current, before } = filesOf(folder);
  try {
    if ((await sizeOf(current)) > MOST_BYTES) await rename(current, before);
    const file = await openToAppend(current);
    try {
      const lines = records.map((record) => `${JSON.stringify(record)}\n`).join('');
      await file.appendFile((await endsLine(file)) ? lines : `\n${lines}`);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw translateFileError(error, 'write', current);
  }
}

/**
 * Resolves to all records, the latest first, and to the number of damaged lines. A record that was
 * written twice, because a write was repeated, is returned once. Of several folders, the first has the
 * latest records; it is read first too, since its files may be on their way into the next one.
 */
export async function readHistory(
  ...folders: readonly string[]
): Promise<{ records: RunRecord[]; damaged: number }> {
  const lines: string[] = [];
  for (const folder of folders) {
    const { current, before } = filesOf(folder);
    lines.unshift(...(await linesOf(before)), ...(await linesOf(current)));
  }
  const parsed = lines.map((line) => v.safeParse(jsonRecord, line));
  const records = parsed.flatMap(({ success, output }) => (success ? [output] : []));
  const byId = new Map(records.map((record) => [record.id, record]));
  return { records: [...byId.values()].reverse(), damaged: lines.length - records.length };
}

async function linesOf(file: string): Promise<string[]> {
  try {
    return await readLastLines(file, MOST_READ_BYTES);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
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

/** Whether the file is empty or ends with a line end. */
async function endsLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return true;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] === 0x0a;
}
