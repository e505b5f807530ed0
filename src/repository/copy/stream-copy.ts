import { createHash } from 'node:crypto';
import type { ArchiveSink, ClosableSource } from '../../archive/sink.js';
import { MangamotionError } from '../../errors.js';
import { prefetchInOrder } from '../../prefetch.js';
import type { BackupFiles, IncomingFile } from '../backup-files.js';
import { type ExpectedFile, wrongDigest } from './expected-file.js';

/** Copies an archive through this host, which computes its SHA-256 on the way. */

/** What is read at once, and what is read ahead of the slower side: 32 MiB of memory. */
const PIECE_BYTES = 8 * 1024 * 1024;
const AHEAD = { maxRequests: 4, maxBytes: 4 * PIECE_BYTES };

interface Streaming {
  source: BackupFiles;
  target: Pick<BackupFiles, 'receive'>;
  summary: ExpectedFile;
  signal: AbortSignal;
  onBytes: (bytes: number) => void;
  /** Called with the bytes that the target has from an interrupted copy. */
  onAdopted: (bytes: number) => void;
  /** Called with whether the target keeps something of an unfinished copy. */
  onLeft: (isContinued: boolean) => void;
}

/**
 * Copies an archive, whose bytes pass unchanged, and resolves to the finished file, which has no name
 * yet. After a failure the target keeps what can be continued. Rejects with `damaged` if the source does
 * not have the length or the digest in its summary; nothing is kept then.
 */
export async function streamArchive(streaming: Streaming): Promise<IncomingFile> {
  const { target, summary } = streaming;
  for (;;) {
    const incoming = await target.receive(summary.archive.file, summary.archive_bytes);
    const isRight = await fill(incoming, streaming);
    if (isRight) return incoming;
    await incoming.discard();
    // What the interrupted copy left may be what is wrong.
    if (incoming.adoptedBytes === 0) throw wrongDigest(summary);
  }
}

/** Resolves to whether the file has the digest in the summary. */
async function fill(
  incoming: IncomingFile,
  { source, summary, signal, onBytes, onAdopted, onLeft }: Streaming,
): Promise<boolean> {
  const bytes = summary.archive_bytes;
  try {
    onAdopted(incoming.adoptedBytes);
    const from = await source.open(summary.archive.file, bytes);
    try {
      for await (const piece of piecesOf(from, incoming.adoptedBytes, bytes)) {
        signal.throwIfAborted();
        await incoming.write([piece]);
        onBytes(piece.length);
      }
    } finally {
      await from.close();
    }
    return (await incoming.end()).sha256 === summary.archive.sha256;
  } catch (error) {
    if (error instanceof MangamotionError && error.code === 'damaged') await incoming.discard();
    else onLeft(await incoming.leave());
    throw error;
  }
}

/** Reads a file at a destination. Rejects with `damaged` if it is not what the summary says. */
export async function readBack(
  files: BackupFiles,
  summary: ExpectedFile,
  { signal, onBytes }: { signal: AbortSignal; onBytes: (bytes: number) => void },
): Promise<void> {
  const hash = createHash('sha256');
  const file = await files.open(summary.archive.file, summary.archive_bytes);
  try {
    for await (const piece of piecesOf(file, 0, summary.archive_bytes)) {
      signal.throwIfAborted();
      hash.update(piece);
      onBytes(piece.length);
    }
  } finally {
    await file.close();
  }
  if (hash.digest('hex') !== summary.archive.sha256) throw wrongDigest(summary);
}

/** Yields the bytes from `start` up to, but not including, `end`, reading ahead of the caller. */
export async function* piecesOf(
  source: ClosableSource,
  start: number,
  end: number,
): AsyncGenerator<Parameters<ArchiveSink['write']>[0][number]> {
  const pieces = prefetchInOrder(
    places(start, end),
    AHEAD,
    ({ length }) => length,
    ({ offset, length }) => source.read(offset, length),
  );
  for await (const { result } of pieces) yield result;
}

async function* places(
  start: number,
  end: number,
): AsyncGenerator<{ offset: number; length: number }[]> {
  for (let offset = start; offset < end; offset += PIECE_BYTES) {
    yield await Promise.resolve([{ offset, length: Math.min(PIECE_BYTES, end - offset) }]);
  }
}
