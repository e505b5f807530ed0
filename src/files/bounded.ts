import type { Stats } from 'node:fs';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, rename, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { UnfitFileError, errnoOf } from './errors.js';

/**
 * Small files whose path somebody else may have chosen or filled: none of these functions waits for the
 * other end of a pipe, and none reads more than its limit.
 */

export interface SmallFileLimits {
  /** A file with more bytes than this is refused. */
  mostBytes: number;
  /** Accepts a pipe too, and waits for its end up to this long. */
  pipeMs?: number;
}

export interface SmallFile {
  bytes: Buffer;
  /** Of the file that was read. */
  stats: Stats;
}

const CHUNK_BYTES = 64 * 1024;
const POLL_EVERY_MS = 20;

/**
 * Reads a small file. A device is read too, since /dev/null is a usual empty file, but it is not waited
 * for. Rejects with `UnfitFileError` for a pipe, socket or folder and for what is larger than the limit,
 * and with the error of the file system where it cannot be opened.
 */
export async function readSmallFile(path: string, limits: SmallFileLimits): Promise<SmallFile> {
  const file = await openToRead(path);
  try {
    const stats = await file.stat();
    if (stats.isFIFO() && limits.pipeMs === undefined) throw new UnfitFileError(PIPE);
    return { bytes: await readAll(file, stats, limits), stats };
  } finally {
    await file.close();
  }
}

/**
 * Reads the lines at the end of a text file, as many as fit into the limit. Rejects with
 * `UnfitFileError` for what is no file.
 */
export async function readLastLines(path: string, mostBytes: number): Promise<string[]> {
  const file = await openToRead(path);
  try {
    const stats = await file.stat();
    refuseOther(stats);
    const from = Math.max(0, stats.size - mostBytes);
    const length = stats.size - from;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, from);
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n');
    // The first line may be the end of a longer one.
    return lines.slice(from === 0 ? 0 : 1).filter((line) => line !== '');
  } finally {
    await file.close();
  }
}

/** Replaces a file in one step. Whatever has the name of the draft is removed first, not written to. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const draft = `${path}.partial`;
  await rm(draft, { force: true });
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
}

/** Opens a file to append to it. Rejects with `UnfitFileError` for what is no file. */
export async function openToAppend(path: string): Promise<FileHandle> {
  const { O_APPEND, O_CREAT, O_NONBLOCK, O_RDWR } = constants;
  const file = await open(path, O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK, 0o600);
  try {
    refuseOther(await file.stat());
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

const PIPE = 'it is a pipe, not a file';

async function openToRead(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (errnoOf(error) === 'ENXIO') throw new UnfitFileError('it is a socket, not a file');
    throw error;
  }
}

function refuseOther(stats: Stats): void {
  if (stats.isFile()) return;
  if (stats.isFIFO()) throw new UnfitFileError(PIPE);
  if (stats.isDirectory()) throw new UnfitFileError('it is a folder, not a file');
  throw new UnfitFileError('it is a device, not a file');
}

async function readAll(
  file: FileHandle,
  stats: Stats,
  { mostBytes, pipeMs = 0 }: SmallFileLimits,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const giveUpAtMs = performance.now() + pipeMs;
  for (let sizeBytes = 0; ;) {
    const chunk = await readChunk(file);
    if (chunk === 'nothing yet') {
      const isLate = performance.now() > giveUpAtMs;
      if (!stats.isFIFO()) throw new UnfitFileError('it is a device with nothing to read');
      if (isLate) throw new UnfitFileError(`no end of the pipe came within ${pipeMs / 1000} s`);
      await delay(POLL_EVERY_MS);
      continue;
    }
    if (chunk.length === 0) return Buffer.concat(chunks);
    sizeBytes += chunk.length;
    if (sizeBytes > mostBytes) throw new UnfitFileError(`it is larger than ${sizeText(mostBytes)}`);
    chunks.push(chunk);
  }
}

async function readChunk(file: FileHandle): Promise<Buffer | 'nothing yet'> {
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, null);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if (errnoOf(error) === 'EAGAIN') return 'nothing yet';
    throw error;
  }
}

function sizeText(bytes: number): string {
  const [mib, kib] = [bytes / 1024 / 1024, bytes / 1024];
  return Number.isInteger(mib) ? `${mib} MiB` : `${kib} KiB`;
}
