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

/** What a file takes on the disk beyond its bytes, at most: most file systems give out such blocks. */
const BLOCK_BYTES = 4096;

export interface UnpackedTree extends Tree {
  /** Links and devices among the objects, of which nothing is made. */
  shortfalls: Shortfall[];
  /** Links and devices elsewhere in the tree. */
  problems: string[];
}

/**
 * Unpacks a tar.gz into a folder that only this user can read, below the folder for temporary files.
 * It is read twice: before anything is written all of it is known to be whole, harmless, and small
 * enough for the disk. Rejects with `damaged` or `disk` where it is not.
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
    // Where it was broken off, the last files may still be on their way.
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

/** Reads it to its end. Throws where an entry would lie outside; what is not a file is counted. */
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

/** The file may have changed since it was inspected: each entry is decided on again. */
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
      // Whatever the tar says: we have to read it, and to remove it again.
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

/** `receive` is handed what to call for an entry because of which the reading must end. */
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
    if (meta) failed.abort(hostile(backup, `a header of ${size} bytes is too large`));
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

/** Resolves when all that the parser makes of it is done. */
async function feed(parser: Parser, chunks: AsyncIterable<Buffer>): Promise<void> {
  const closed = new Promise<void>((resolve, reject) => {
    parser.on('close', () => resolve());
    parser.on('error', reject);
  });
  // It is awaited at the end; where that is not reached, something else has failed before.
  closed.catch(() => undefined);
  for await (const chunk of chunks) {
    if (!parser.write(chunk)) await Promise.race([once(parser, 'drain'), closed]);
  }
  parser.end();
  await closed;
}

function explain(error: unknown, { path }: LegacyBackup): MangamotionError {
  const code = errnoOf(error) ?? '';
  // Of zlib, and of the tar library, which calls its own so.
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
    `${path} has to be unpacked to be read: that takes ${bytes} bytes, and ${folder} has ${free} left`,
    { hint: 'Set TMPDIR to a folder on a larger disk, or unpack it yourself with "tar -xzf".' },
  );
}

/** What is to become of an entry of a tar.gz that may be hostile. Pure. */
type EntryDecision =
  | { kind: 'unpack' }
  /** The entry is left out, and reported. */
  | { kind: 'skip'; bucket: string; key: string; reason: string }
  /** No backup makes such an entry: the whole tar is refused. */
  | { kind: 'refuse'; reason: string };

/** `OldFile` is that of a tar from before POSIX. */
const FILES = ['File', 'OldFile', 'ContiguousFile'];

/** The scripts packed the folder of the backup's name; `./` before it is the same. */
export function decideEntry(entry: { path: string; type: string }, id: string): EntryDecision {
  const path = entry.path.replace(/^(?:\.\/+)+/, '').replace(/\/+$/, '');
  // The folder in which it was packed.
  if (path === '' || path === '.') return { kind: 'unpack' };
  const [top, ...segments] = path.split('/');
  const shown = JSON.stringify(entry.path);
  const isOutside = top !== id || segments.some((name) => name === '..' || name === '.');
  if (isOutside || path.includes('\0')) {
    return { kind: 'refuse', reason: `${shown} does not lie in the folder ${id}` };
  }
  if (entry.type === 'Directory' || FILES.includes(entry.type)) return { kind: 'unpack' };
  const [bucket, key] =
    segments[0] === 'data' ? [segments[1], segments.slice(2).join('/')] : ['', path];
  return {
    kind: 'skip',
    bucket: bucket ?? '',
    key,
    reason: `it is not a file but a ${entry.type}`,
  };
}
