import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { damagedArchive } from '../../archive/errors.js';
import { errnoOf, translateFileError } from '../../files/errors.js';
import { PARTIAL_SUFFIX, syncFolder } from '../../files/sync.js';
import type { Summary } from '../summary.js';
import { PlainArchive } from './plain-archive.js';
import { PlainFiles, walkTree } from './plain-files.js';

export interface PlainCopy {
  /** The folders that hold the backups. */
  from: string;
  to: string;
  summary: Pick<Summary, 'id' | 'archive' | 'archive_bytes'>;
  signal: AbortSignal;
  onBytes: (bytes: number) => void;
}

/**
 * Copies the folder of a plain backup under its temporary name. Files that an interrupted copy left with
 * the right length are not copied again. Then every file of the copy is read and compared with the index.
 *
 * Rejects with `damaged` if anything is not as it was backed up; the copy has been removed then.
 */
export async function copyPlain(copy: PlainCopy): Promise<void> {
  const { to, summary } = copy;
  const target = join(to, summary.id + PARTIAL_SUFFIX);
  try {
    for (;;) {
      const isContinued = await prepare(to, summary.id);
      await copyTree(copy, target);
      const problem = await problemOf(copy, summary.id + PARTIAL_SUFFIX);
      if (problem === undefined) return;
      await rm(target, { recursive: true, force: true });
      // What the interrupted copy left may be what is wrong.
      if (!isContinued) throw damagedArchive(`${summary.id}: ${problem}`);
    }
  } catch (error) {
    copy.signal.throwIfAborted();
    throw translateFileError(error, 'copy', join(copy.from, summary.id), {
      full: 'What was copied stays, and the next run continues it.',
    });
  }
}

async function copyTree(copy: PlainCopy, target: string): Promise<void> {
  const source = join(copy.from, copy.summary.id);
  const folders = [target];
  for await (const { path, kind } of walkTree(source)) {
    copy.signal.throwIfAborted();
    if (kind === 'other') {
      throw damagedArchive(`${JSON.stringify(join(source, path))} is neither a file nor a folder`);
    }
    if (kind === 'folder') {
      folders.push(join(target, path));
      await mkdir(join(target, path), { recursive: true, mode: 0o700 });
    } else await copyFile(join(source, path), join(target, path), copy);
  }
  for (const folder of folders) await syncFolder(folder);
}

/** Reads all files of a plain backup. Resolves to the first problem, if there is any. */
export async function problemOf(
  { to, summary, signal }: Pick<PlainCopy, 'to' | 'summary' | 'signal'>,
  folder: string = summary.id,
): Promise<string | undefined> {
  const archive = new PlainArchive(new PlainFiles(to, summary.id, folder), summary.archive_bytes);
  const problems: string[] = [];
  const directory = await archive.readDirectory(summary.archive.directory);
  const { sha256 } = await archive.audit(directory, {
    problem: ({ message }) => problems.push(message),
    progress: () => undefined,
    signal,
  });
  if (sha256 !== summary.archive.sha256)
    problems.push('its directory is not the one that was written');
  const end = await archive.checkEnd();
  if (end !== undefined) problems.push(end.message);
  return problems[0];
}

/**
 * Makes the folder under its temporary name. Resolves to whether there is something in it: one that was
 * complete before its summary has been given its temporary name back.
 */
async function prepare(to: string, id: string): Promise<boolean> {
  const [complete, partial] = [join(to, id), join(to, id + PARTIAL_SUFFIX)];
  const isComplete = await isThere(complete);
  if (isComplete || !(await isThere(partial))) {
    await rm(partial, { recursive: true, force: true });
  }
  if (isComplete) await rename(complete, partial);
  return (await mkdir(partial, { recursive: true, mode: 0o700 })) === undefined;
}

/** Whether there is a folder; false for anything else. */
async function isThere(path: string): Promise<boolean> {
  return await lstat(path).then(
    (found) => found.isDirectory(),
    (error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return false;
      throw error;
    },
  );
}

async function copyFile(
  source: string,
  target: string,
  { signal, onBytes }: PlainCopy,
): Promise<void> {
  const { size } = await lstat(source);
  const found = await lstat(target).catch(() => undefined);
  if (found?.isFile() === true && found.size === size) {
    onBytes(size);
    return;
  }
  await rm(target, { recursive: true, force: true });
  const read = createReadStream(source, { highWaterMark: 1024 * 1024 });
  read.on('data', (chunk) => onBytes(chunk.length));
  await pipeline(read, createWriteStream(target, { flags: 'wx', mode: 0o600, flush: true }), {
    signal,
  });
}
