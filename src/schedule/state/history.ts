import { appendFile, open, readFile, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import { errnoOf, translateFileError } from '../../files/errors.js';
import type { RunRecord } from './record.js';
import { runRecord } from './record.js';

const FILE = 'history.ndjson';
/** The size at which the history is rotated: about 15,000 records. One older file is kept. */
const MOST_BYTES = 4 * 1024 * 1024;

const jsonRecord = v.pipe(v.string(), v.parseJson(), runRecord);

function filesOf(folder: string): { current: string; before: string } {
  const current = path.join(folder, FILE);
  return { current, before: `${current}.1` };
}

/** Appends records. A line that a crash truncated stays a line of its own. */
export async function appendHistory(folder: string, records: readonly RunRecord[]): Promise<void> {
  const { current, before } = filesOf(folder);
  try {
    const sizeBytes = await sizeOf(current);
    if (sizeBytes > MOST_BYTES) await rename(current, before);
    const lines = records.map((record) => `${JSON.stringify(record)}\n`).join('');
    const isTruncated =
      sizeBytes > 0 && sizeBytes <= MOST_BYTES && !(await endsLine(current, sizeBytes));
    await appendFile(current, isTruncated ? `\n${lines}` : lines, { mode: 0o600, flush: true });
  } catch (error) {
    throw translateFileError(error, 'write', current);
  }
}

/**
 * Resolves to all records, the latest first, and to the number of damaged lines. A record that was
 * written twice, because a write was repeated, is returned once.
 */
export async function readHistory(
  folder: string,
): Promise<{ records: RunRecord[]; damaged: number }> {
  const { current, before } = filesOf(folder);
  const lines = [...(await linesOf(before)), ...(await linesOf(current))];
  const parsed = lines.map((line) => v.safeParse(jsonRecord, line));
  const records = parsed.flatMap(({ success, output }) => (success ? [output] : []));
  const byId = new Map(records.map((record) => [record.id, record]));
  return { records: [...byId.values()].reverse(), damaged: lines.length - records.length };
}

async function linesOf(file: string): Promise<string[]> {
  try {
    return (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
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

async function endsLine(file: string, sizeBytes: number): Promise<boolean> {
  const handle = await open(file, 'r');
  try {
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, sizeBytes - 1);
    return buffer[0] === 0x0a;
  } finally {
    await handle.close();
  }
}
