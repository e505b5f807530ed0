import { isDeepStrictEqual } from 'node:util';
import { createHash } from 'node:crypto';
import { MemberKind } from '../../archive/gzip.js';
import { ownChunksOf } from '../../archive/parts.js';
import { readDirectory } from '../../archive/reader.js';
import type { ClosableSource } from '../../archive/sink.js';
import type { BackupFiles, IncomingFile } from '../backup-files.js';
import { RunEncryption } from '../encryption/run-encryption.js';
import type { Vault } from '../encryption/vault.js';
import { ENCRYPTED_SUFFIX, SIDECAR_SUFFIX } from '../names.js';
import type { EncryptedRecord, PartRecord, Summary } from '../summary.js';
import { wrongDigest } from './expected-file.js';
import { piecesOf } from './stream-copy.js';

/** Copies a backup in plain text and encrypts it on the way, to a store that is trusted less. */

interface Encrypting {
  source: BackupFiles;
  target: BackupFiles;
  summary: Summary;
  vault: Vault;
  /** The records of the encrypted archives at the target, by id. */
  records: ReadonlyMap<string, EncryptedRecord>;
  /** What parts are at the target, by their ids. */
  parts: ReadonlyMap<string, PartRecord>;
  signal: AbortSignal;
  onBytes: (bytes: number) => void;
}

/** The finished files, which have no names yet, and the summary that describes them. */
export interface EncryptedCopy {
  summary: Summary;
  files: readonly IncomingFile[];
}

/** The most that encryption adds to the length of a file: heads, and a tag for each 64 KiB. */
const ADDED_BYTES = 1024 * 1024;
const ADDED_SHARE = 1 / 1024;

/**
 * Writes the archive and its sidecar. Every copy has keys of its own, so what an interrupted one left
 * cannot be continued. Rejects with `damaged` if the source does not have the digest in its summary;
 * nothing is kept after a failure.
 */
export async function encryptArchive(encrypting: Encrypting): Promise<EncryptedCopy> {
  const { source, target, summary, vault } = encrypting;
  const { id, archive_bytes: bytes } = summary;
  const most = Math.ceil(bytes + bytes * ADDED_SHARE) + ADDED_BYTES;
  const archive = await beginAnew(target, id + ENCRYPTED_SUFFIX, most);
  const index = await beginAnew(target, id + SIDECAR_SUFFIX, most);
  try {
    const backup = { id, createdAt: new Date(summary.created_at) };
    const run = await RunEncryption.begin(vault, backup, { archive, index });
    const from = await source.open(summary.archive.file, bytes);
    try {
      await encryptAll(run, from, encrypting);
      await copyIndex(run, from, summary);
    } finally {
      await from.close();
    }
    await run.archive.end();
    const stored = await archive.end();
    const whole = await run.complete({
      ...summary,
      ...partsFor(encrypting),
      archive_bytes: stored.bytes,
      archive: { ...summary.archive, file: id + ENCRYPTED_SUFFIX, sha256: stored.sha256 },
      encryption: { scheme: 'age', recipients: [], archives: recordsFor(encrypting) },
    });
    return { summary: whole, files: [archive, index] };
  } catch (error) {
    await archive.discard();
    await index.discard();
    throw error;
  } finally {
    await vault.draftKeys.remove(id);
  }
}

/**
 * Whether a backup at the target is an encrypted copy of this one: the directory, which covers all
 * objects, is the same.
 */
export function isEncryptedCopy(there: Summary, summary: Summary): boolean {
  return (
    summary.encryption === undefined &&
    there.encryption !== undefined &&
    there.id === summary.id &&
    there.sequence === summary.sequence &&
    isDeepStrictEqual(there.archive.directory, summary.archive.directory)
  );
}

/** Writing begins with the first byte: the rest of an earlier file has another key. */
async function beginAnew(target: BackupFiles, name: string, bytes: number): Promise<IncomingFile> {
  const incoming = await target.receive(name, bytes);
  if (incoming.adoptedBytes === 0) return incoming;
  await incoming.discard();
  return await target.receive(name, bytes);
}

async function encryptAll(
  run: RunEncryption,
  from: ClosableSource,
  { summary, signal, onBytes }: Encrypting,
): Promise<void> {
  const hash = createHash('sha256');
  for await (const piece of piecesOf(from, 0, summary.archive_bytes)) {
    signal.throwIfAborted();
    hash.update(piece);
    await run.archive.write([piece]);
    onBytes(piece.length);
  }
  if (hash.digest('hex') !== summary.archive.sha256) throw wrongDigest(summary);
}

/** Copies the members of the index as they lie in the archive. */
async function copyIndex(
  run: RunEncryption,
  from: ClosableSource,
  { archive: { directory: place } }: Summary,
): Promise<void> {
  const directory = await readDirectory(from, place);
  for (const { offset, length } of ownChunksOf(directory)) {
    await run.index.add(MemberKind.chunk, [await from.read(offset, length)]);
  }
  await run.index.add(MemberKind.directory, [await from.read(place.offset, place.length)]);
}

/** The encrypted files of parts have other lengths and digests. */
function partsFor({ summary, parts }: Encrypting): Pick<Summary, 'parts'> {
  if (summary.parts === undefined) return {};
  return { parts: summary.parts.map((part) => parts.get(part.id) ?? part) };
}

function recordsFor({ summary, records }: Encrypting): Record<string, EncryptedRecord> {
  return Object.fromEntries(
    summary.references.flatMap((id) => {
      const record = records.get(id);
      return record === undefined ? [] : [[id, record]];
    }),
  );
}
