import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { splitHead } from '../../age/header.js';
import { LARGEST_SUMMARY_BYTES } from '../../archive/limits.js';
import type { ClosableSource } from '../../archive/sink.js';
import { isMangamotionError } from '../../errors.js';
import { inParallel } from '../../in-parallel.js';
import { encryptedOf } from '../../repository/archives.js';
import type { BackupEntry, Destination } from '../../repository/destination.js';
import {
  ENCRYPTED_SUFFIX,
  SIDECAR_SUFFIX,
  SUMMARY_SUFFIX,
  partOf,
} from '../../repository/names.js';
import { partRecordsOf } from '../../repository/parts.js';
import type { EncryptedRecord, PartRecord, Summary } from '../../repository/summary.js';
import { decodeSummary } from '../../repository/summary-codec.js';

/** How many archives are checked at once: each check takes a round trip. */
const HEADS_AT_ONCE = 16;
const READ_BYTES = 4 * 1024 * 1024;

interface RecordsContext {
  destination: Pick<Destination, 'openFile' | 'readFile'>;
  /** All backups of the destination. */
  backups: readonly BackupEntry[];
  signal: AbortSignal;
}

/**
 * Compares what an encrypted backup records of the archives that it needs with these archives. Resolves
 * to the first contradiction; `undefined` if there is none, or if the backup is not encrypted. An
 * incremental backup copies the records, so a forged one would make each later backup unreadable. Reads
 * the beginning of each archive, and the sidecar of the backup itself.
 */
export async function whyRecordsUnfit(
  context: RecordsContext,
  parent: Summary,
): Promise<string | undefined> {
  if (parent.encryption === undefined) return undefined;
  const byId = new Map(context.backups.map((backup) => [backup.id, backup]));
  const parts = partRecordsOf(parent);
  const needed = [parent.id, ...parent.references];
  const problems = await inParallel(HEADS_AT_ONCE, needed, async (id) => {
    context.signal.throwIfAborted();
    const record = encryptedOf(parent, id)?.record;
    if (record === undefined) return `it has no record of ${id}`;
    const other =
      partOf(id) === undefined
        ? whyOtherThanListed(id, record, byId.get(id))
        : await whyOtherPart(context, {
            ...{ parent, entry: byId.get(parent.id), id, record, stored: parts.get(id) },
          });
    return other ?? (await whyOtherHead(context, id, record));
  });
  const problem = problems.find((why) => why !== undefined);
  return problem ?? (await whyOtherSidecar(context, parent, parent.id));
}

/** Compares the record with the lengths in the listing, and with the summary of the archive itself. */
function whyOtherThanListed(
  id: string,
  record: EncryptedRecord,
  backup: BackupEntry | undefined,
): string | undefined {
  if (backup?.summary.kind !== 'valid') return `the summary of ${id} cannot be read`;
  const { archiveBytes, sidecarBytes, summary } = backup;
  const isOther =
    record.bytes !== archiveBytes ||
    // A missing sidecar is reported when it is read, because not every index is needed.
    (typeof sidecarBytes === 'number' && record.index.bytes !== sidecarBytes);
  if (isOther) return `its record of ${id} has another length than the file`;
  const own = encryptedOf(summary.summary, id)?.record;
  return isDeepStrictEqual(own, record)
    ? undefined
    : `its record of ${id} is not the one in the summary of ${id}`;
}

/**
 * Compares the record of a part with its length in the listing, and with its manifest. Where the manifest
 * is missing, which no reader needs, the sidecar of the part is read instead.
 */
async function whyOtherPart(
  context: RecordsContext,
  {
    parent,
    entry,
    id,
    record,
    stored,
  }: {
    parent: Summary;
    entry: BackupEntry | undefined;
    id: string;
    record: EncryptedRecord;
    stored: PartRecord | undefined;
  },
): Promise<string | undefined> {
  if (stored?.archive_bytes !== record.bytes || stored.archive.file !== id + ENCRYPTED_SUFFIX) {
    return `what it says of the part ${id} contradicts itself`;
  }
  if (entry?.partBytes?.get(id) !== record.bytes) {
    return `its record of ${id} has another length than the file`;
  }
  const name = id + SUMMARY_SUFFIX;
  const bytes = await context.destination.readFile(name, LARGEST_SUMMARY_BYTES);
  if (bytes === undefined) return await whyOtherSidecar(context, parent, id);
  const manifest = bytes === 'unfit' ? undefined : decodeSummary(bytes);
  if (manifest?.kind !== 'valid') return `the summary of ${id} cannot be read`;
  const own = encryptedOf(manifest.summary, id)?.record;
  return isDeepStrictEqual(own, record)
    ? undefined
    : `its record of ${id} is not the one in the summary of ${id}`;
}

async function whyOtherHead(
  { destination }: RecordsContext,
  id: string,
  record: EncryptedRecord,
): Promise<string | undefined> {
  const head = Buffer.concat([
    Buffer.from(record.header, 'base64'),
    Buffer.from(record.nonce, 'base64'),
  ]);
  const name = id + ENCRYPTED_SUFFIX;
  const isHead = splitHead(head)?.nonce.equals(Buffer.from(record.nonce, 'base64')) === true;
  if (!isHead || head.length > record.bytes) return `its record of ${id} holds no header of age`;
  return await reading(destination.openFile(name, record.bytes), async (file) =>
    (await file.read(0, head.length)).equals(head)
      ? undefined
      : `its record of ${id} has another header than ${name}`,
  );
}

async function whyOtherSidecar(
  { destination, signal }: RecordsContext,
  parent: Summary,
  id: string,
): Promise<string | undefined> {
  const record = encryptedOf(parent, id)?.record.index;
  if (record === undefined) return undefined;
  const name = id + SIDECAR_SUFFIX;
  return await reading(destination.openFile(name, record.bytes), async (file) => {
    const hash = createHash('sha256');
    for (let at = 0; at < record.bytes; at += READ_BYTES) {
      signal.throwIfAborted();
      hash.update(await file.read(at, Math.min(READ_BYTES, record.bytes - at)));
    }
    if (hash.digest('hex') === record.sha256) return undefined;
    return `the SHA-256 of ${name} is not that of the summary`;
  });
}

/** Resolves to what is wrong with a file: the finding of the check, or why the file cannot be read. */
async function reading(
  opening: Promise<ClosableSource>,
  check: (file: ClosableSource) => Promise<string | undefined>,
): Promise<string | undefined> {
  let file: ClosableSource | undefined;
  try {
    file = await opening;
    return await check(file);
  } catch (error) {
    if (!isMangamotionError(error)) throw error;
    // Not every listing tells what is in cold storage.
    const isCold = error.request?.code === 'InvalidObjectState';
    if (!isCold && !isMangamotionError(error, 'damaged', 'not_found')) throw error;
    return error.message;
  } finally {
    await file?.close();
  }
}
