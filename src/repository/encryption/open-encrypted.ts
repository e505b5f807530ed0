import { DecryptedSource, type SealedPlace } from '../../age/decrypted-source.js';
import {
  type FileHead,
  LARGEST_HEADER_BYTES,
  isArmored,
  openHeader,
  payloadKeyOf,
  splitHead,
} from '../../age/header.js';
import type { Identity } from '../../age/keys.js';
import { NONCE_BYTES, plainBytesOf as plainBytes } from '../../age/payload.js';
import type { Archive } from '../../archive/archive.js';
import { damagedArchive } from '../../archive/errors.js';
import { IndexArchive } from '../../archive/index-archive.js';
import type { ClosableSource } from '../../archive/sink.js';
import { TarArchive } from '../../archive/tar-archive.js';
import { MangamotionError, isMangamotionError } from '../../errors.js';
import { ENCRYPTED_SUFFIX, SIDECAR_SUFFIX } from '../names.js';
import type { EncryptedRecord } from '../summary.js';
import type { Vault } from './vault.js';

/** How a destination opens the stored bytes of an encrypted archive, and of its index. */
export interface EncryptedFiles {
  id: string;
  archive(sizeBytes?: number): Promise<ClosableSource>;
  index(sizeBytes: number): Promise<ClosableSource>;
}

/** What a summary says about an encrypted archive. */
export interface Encrypted {
  record: EncryptedRecord;
  /** The recipients of the backup that names it, for messages. */
  recipients: readonly string[];
}

/**
 * Opens an encrypted archive with the keys of the vault, or its index alone with the key of this host.
 * Rejects with `access_denied` if none of them fits, and with `damaged` if the record is forged.
 */
export async function openEncrypted(
  files: EncryptedFiles,
  encrypted: Encrypted,
  vault: Vault,
): Promise<Archive> {
  const { record } = encrypted;
  const head = headIn(record, files.id);
  const fileKey = await fileKeyOf(head, await vault.identities(), files.id);
  if (fileKey !== undefined) {
    const source = await files.archive(record.bytes);
    const place = placeOf(head, fileKey, files.id + ENCRYPTED_SUFFIX);
    return new TarArchive(await decrypted(source, place, record.bytes));
  }
  const host = await vault.hostIdentity();
  const indexHead = headIn(record.index, files.id);
  const indexKey = await fileKeyOf(indexHead, host === undefined ? [] : [host], files.id);
  if (indexKey === undefined) throw await noKeyFor(files.id, encrypted.recipients, vault);
  return await openIndexFile(files, record, { head: indexHead, fileKey: indexKey });
}

/** Opens the index with any key that fits, for what only the sidecar holds. */
export async function openEncryptedIndex(
  files: EncryptedFiles,
  { record, recipients }: Encrypted,
  vault: Vault,
): Promise<IndexArchive> {
  const host = await vault.hostIdentity();
  const identities = [...(await vault.identities()), ...(host === undefined ? [] : [host])];
  const head = headIn(record.index, files.id);
  const fileKey = await fileKeyOf(head, identities, files.id);
  if (fileKey === undefined) throw await noKeyFor(files.id, recipients, vault);
  return await openIndexFile(files, record, { head, fileKey });
}

async function openIndexFile(
  files: EncryptedFiles,
  record: EncryptedRecord,
  { head, fileKey }: { head: FileHead; fileKey: Buffer },
): Promise<IndexArchive> {
  const place = placeOf(head, fileKey, files.id + SIDECAR_SUFFIX);
  const { bytes: storedBytes } = record.index;
  const source = await decrypted(await files.index(storedBytes), place, storedBytes);
  return new IndexArchive(source, files.id, record.bytes);
}

/** Closes the source if no age file has this size. */
async function decrypted(
  source: ClosableSource,
  place: SealedPlace,
  storedBytes: number,
): Promise<DecryptedSource> {
  try {
    return new DecryptedSource(source, place, { storedBytes });
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** Opens an archive that a person encrypted with age: its summary says nothing of it. */
export async function openEncryptedByHand(
  id: string,
  source: ClosableSource,
  vault: Vault,
): Promise<Archive> {
  return new TarArchive(await decryptByHand(id, source, vault));
}

/** Sizes and digests are those of the plaintext, as its summary tells them. */
export async function decryptByHand(
  id: string,
  source: ClosableSource,
  vault: Vault,
): Promise<ClosableSource> {
  const plain = await openByHand(id, source, vault).catch(async (error: unknown) => {
    await source.close();
    throw error;
  });
  return {
    sizeBytes: plain.sizeBytes,
    read: (offset, length) => plain.read(offset, length),
    close: () => plain.close(),
  };
}

async function openByHand(
  id: string,
  source: ClosableSource,
  vault: Vault,
): Promise<DecryptedSource> {
  const head = await readHead(source, id);
  const fileKey = await fileKeyOf(head, await vault.identities(), id);
  if (fileKey === undefined) throw await noKeyFor(id, [], vault);
  return new DecryptedSource(source, placeOf(head, fileKey, id + ENCRYPTED_SUFFIX));
}

/** Opens what there is of an archive that is not complete; `undefined` if that is nothing. */
export async function openUnfinished(
  source: ClosableSource,
  fileKey: Buffer,
): Promise<ClosableSource | undefined> {
  const length = Math.min(source.sizeBytes, LARGEST_HEADER_BYTES + NONCE_BYTES);
  const head = splitHead(await source.read(0, length));
  if (head === undefined) return undefined;
  return await DecryptedSource.ofTruncated(
    source,
    placeOf(head, fileKey, 'the unfinished archive'),
  );
}

/** Resolves to the size of the plaintext of an age file, or to 0 if it is none or is cut off. */
export async function plainBytesOf(source: ClosableSource, id: string): Promise<number> {
  try {
    const head = await readHead(source, id);
    return plainBytes(source.sizeBytes - head.header.length - NONCE_BYTES) ?? 0;
  } catch (error) {
    if (!isMangamotionError(error, 'damaged', 'refused')) throw error;
    return 0;
  }
}

/** Reads the head of an age file. Rejects with `damaged` if there is none. */
async function readHead(source: ClosableSource, id: string): Promise<FileHead> {
  const length = Math.min(source.sizeBytes, LARGEST_HEADER_BYTES + NONCE_BYTES);
  const start = await source.read(0, length);
  const head = splitHead(start);
  if (head !== undefined) return head;
  if (isArmored(start)) {
    throw new MangamotionError('refused', `${id} is encrypted in text form, which has no places`, {
      hint: 'Turn it into the binary form: age --decrypt … | age --encrypt … (without --armor).',
    });
  }
  throw damagedArchive(`${id}: the file does not begin as an age file does`);
}

function placeOf(head: FileHead, fileKey: Buffer, file: string): SealedPlace {
  return {
    file,
    headBytes: head.header.length + head.nonce.length,
    key: payloadKeyOf(fileKey, head),
  };
}

function headIn(record: { header: string; nonce: string }, id: string): FileHead {
  const bytes = Buffer.concat([
    Buffer.from(record.header, 'base64'),
    Buffer.from(record.nonce, 'base64'),
  ]);
  const head = splitHead(bytes);
  if (head !== undefined && head.header.length + NONCE_BYTES === bytes.length) return head;
  throw damagedArchive(`the summary holds no header of age for ${id}`);
}

/** Resolves to `undefined` if none of the identities is that of a recipient. */
async function fileKeyOf(
  { header }: FileHead,
  identities: readonly Identity[],
  id: string,
): Promise<Buffer | undefined> {
  if (identities.length === 0) return undefined;
  const opened = await openHeader(header, identities);
  if (opened.kind === 'opened') return opened.fileKey;
  if (opened.kind === 'no_match') return undefined;
  throw damagedArchive(`the header of ${id} cannot be opened: ${opened.reason}`);
}

async function noKeyFor(
  id: string,
  recipients: readonly string[],
  vault: Vault,
): Promise<MangamotionError> {
  const given = (await vault.identities()).length > 0;
  const message = given
    ? `${id} is encrypted, and none of the given keys opens it`
    : `${id} is encrypted, and no key is given`;
  const to = recipients.length === 0 ? '' : ` It was encrypted to ${recipients.join(', ')}.`;
  return new MangamotionError('access_denied', message, {
    hint: `Give the file of a key of one of its recipients with --identity FILE.${to}`,
  });
}
