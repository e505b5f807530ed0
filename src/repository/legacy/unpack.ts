import { countOf, formatCount } from '../../count-of.js';
import { once } from 'node:events';
import { createReadStream, rmSync } from 'node:fs';
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Parser, Unpack, type ReadEntry } from 'tar';
import { MangamotionError } from '../../errors.js';
import { errnoOf, translateFileError } from '../../files/errors.js';
import type { Tree } from './legacy-archive.js';
import { damagedLegacy, type LegacyBackup, type Shortfall } from './legacy-backup.js';

/** The block size of most file systems, to which the size of each file is rounded up. */
const BLOCK_BYTES = 4096;

export interface UnpackedTree extends Tree {
  /** Links and devices among the objects, which are not unpacked. */
  shortfalls: Shortfall[];
  /** Links and devices elsewhere in the tree. */
  problems: string[];
}

/**
 * Unpacks a tar.gz into a temporary folder that only this user can read. It reads the archive
 * twice: before anything is written, it is known to be complete, harmless and small enough for the
 * disk. Rejects with `damaged` or `disk` if it is not.
 */
export async function unpack(backup: LegacyBackup, signal?: AbortSignal): Promise<UnpackedTree> {
  const { bytes, ...leftOut } = await inspectTar(backup, signal);
  const parent = tmpdir();
  await refuseTooLarge(backup, bytes, parent);
  const folder = await mkdtemp(join(parent, 'mangamotion-unpacked-')).catch((error: unknown) => {
    throw translateFileError(error, 'write into', parent);
  });
  const removeAtExit = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeAtExit);
  const remove = async () => {
    // After an interruption the last files may still be written.
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    process.off('exit', removeAtExit);
  };
  try {
    await extract(backup, folder, bytes, signal);
  } catch (error) {
    await remove();
    throw error;
  }
  return { root: join(folder, backup.id), ...leftOut, remove };
}

/** Reads the whole tar. Rejects if an entry lies outside the backup's folder. */
async function inspectTar(backup: LegacyBackup, signal: AbortSignal | undefined) {
  const found: Pick<UnpackedTree, 'shortfalls' | 'problems'> & { bytes: number } = {
    bytes: 0,
    shortfalls: [],
    problems: [],
  };
  await readTar(backup, signal, (fail) => {
    const onReadEntry = (entry: ReadEntry) => {
      const decision = decideEntry(entry, backup.id);
      if (decision.kind === 'refuse') fail(hostile(backup, decision.reason));
      if (decision.kind === 'skip') {
        const { bucket, key, reason } = decision;
        if (bucket === '') found.problems.push(`${JSON.stringify(key)} is left out: ${reason}`);
        else found.shortfalls.push({ bucket, key, reason });
      }
      if (decision.kind === 'unpack') found.bytes += roomFor(entry);
      entry.resume();
    };
    return new Parser({ strict: true, onReadEntry });
  });
  return found;
}

/** The file may have changed since the inspection, so each entry is checked again. */
async function extract(
  backup: LegacyBackup,
  folder: string,
  expectedBytes: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  let bytes = 0;
  await readTar(backup, signal, (fail) => {
    const filter = (_path: string, entry: object) => {
      if (!isReadEntry(entry)) return false;
      const decision = decideEntry(entry, backup.id);
      if (decision.kind === 'refuse') fail(hostile(backup, decision.reason));
      if (decision.kind !== 'unpack') return false;
      bytes += roomFor(entry);
      if (bytes > expectedBytes)
        fail(damagedLegacy(`${backup.path} was changed while it was read`));
      // Ignores the modes in the tar, because we must be able to read and remove the files.
      entry.mode = entry.type === 'Directory' ? 0o700 : 0o600;
      return bytes <= expectedBytes;
    };
    return new Unpack({ cwd: folder, strict: true, filter, preserveOwner: false, maxDepth: 4096 });
  });
}

function isReadEntry(entry: object): entry is ReadEntry {
  return 'type' in entry;
}

function roomFor({ size }: ReadEntry): number {
  return Math.ceil((size + 1) / BLOCK_BYTES) * BLOCK_BYTES;
}

/** Feeds the tar to a parser. `receive` returns it, and gets a function that ends the reading. */
async function readTar(
  backup: LegacyBackup,
  signal: AbortSignal | undefined,
  receive: (fail: (why: MangamotionError) => void) => Parser,
): Promise<void> {
  const failed = new AbortController();
  const ended = AbortSignal.any([failed.signal, ...(signal === undefined ? [] : [signal])]);
  const parser = receive((why) => failed.abort(why));
  // The library skips a header over its limit, and would unpack the entry behind it under a wrong name.
  parser.on('ignoredEntry', ({ meta, size }) => {
    if (meta)
      failed.abort(hostile(backup, `a header of ${countOf(Number(size), 'byte')} is too large`));
  });
  const source = createReadStream(backup.path);
  try {
    await pipeline(
      source,
      createGunzip(),
      (chunks: AsyncIterable<Buffer>) => feed(parser, chunks),
      { signal: ended },
    );
  } catch (error) {
    ended.throwIfAborted();
    throw explain(error, backup);
  }
  ended.throwIfAborted();
}

async function feed(parser: Parser, chunks: AsyncIterable<Buffer>): Promise<void> {
  const closed = new Promise<void>((resolve, reject) => {
    parser.on('close', () => resolve());
    parser.on('error', reject);
  });
  // `closed` is awaited at the end; if that is not reached, another error has come first.
  closed.catch(() => undefined);
  for await (const chunk of chunks) {
    if (!parser.write(chunk)) await Promise.race([once(parser, 'drain'), closed]);
  }
  parser.end();
  await closed;
}

function explain(error: unknown, { path }: LegacyBackup): MangamotionError {
  const code = errnoOf(error) ?? '';
  // These are the codes of zlib and of the tar library.
  if (code.startsWith('Z_') || code.startsWith('TAR_')) {
    const why = code === 'Z_BUF_ERROR' ? 'it ends too early' : (error as Error).message;
    return damagedLegacy(`${path} is not a complete tar.gz: ${why}`, error);
  }
  return translateFileError(error, 'unpack', path);
}

function hostile({ path }: LegacyBackup, reason: string): MangamotionError {
  return damagedLegacy(`${path} is not a backup of backup-minio.sh: ${reason}`);
}

async function refuseTooLarge({ path }: LegacyBackup, bytes: number, folder: string) {
  const { bavail, bsize } = await statfs(folder).catch((error: unknown) => {
    throw translateFileError(error, 'write into', folder);
  });
  const free = bavail * bsize;
  if (bytes <= free) return;
  throw new MangamotionError(
    'disk',
    `${path} must be unpacked to be read, which takes ${countOf(bytes, 'byte')}, but ${folder} has only ${formatCount(free)} free`,
    { hint: 'Set TMPDIR to a folder on a larger disk, or unpack it yourself with "tar -xzf".' },
  );
}

/** Decides what to do with an entry of a tar that may be hostile. */
type EntryDecision =
  | { kind: 'unpack' }
  | { kind: 'skip'; bucket: string; key: string; reason: string }
  /** No backup has such an entry: the whole tar is refused. */
  | { kind: 'refuse'; reason: string };

/** `OldFile` is the type in tars from before POSIX. */
const FILES = ['File', 'OldFile', 'ContiguousFile'];

/** Decides about an entry. All must lie in the folder with the backup's name. Pure. */
export function decideEntry(entry: { path: string; type: string }, id: string): EntryDecision {
  const path = entry.path.replace(/^(?:\.\/+)+/, '').replace(/\/+$/, '');
  // The entry is the folder in which the backup was packed.
  if (path === '' || path === '.') return { kind: 'unpack' };
  const [top, ...segments] = path.split('/');
  const shown = JSON.stringify(entry.path);
  const isOutside = top !== id || segments.some((name) => name === '..' || name === '.');
  if (isOutside || path.includes('\0')) {
    return { kind: 'refuse', reason: `${shown} is not in the folder ${id}` };
  }
  if (entry.type === 'Directory' || FILES.includes(entry.type)) return { kind: 'unpack' };
  const [bucket, key] =
    segments[0] === 'data' ? [segments[1], segments.slice(2).join('/')] : ['', path];
  return {
    kind: 'skip',
    bucket: bucket ?? '',
    key,
    reason: `it is a ${entry.type}, not a file`,
  };
}
