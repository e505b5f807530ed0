import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TarArchiveWriter } from '../../archive/tar-archive-writer.js';
import { errnoOf } from '../../files/errors.js';
import { PARTIAL_SUFFIX } from '../../files/sync.js';
import type { ArchiveDraft, BeginDraft } from '../archive-draft.js';
import { RunEncryption } from '../encryption/run-encryption.js';
import type { Vault } from '../encryption/vault.js';
import { ENCRYPTED_SUFFIX, SIDECAR_SUFFIX } from '../names.js';
import type { Summary } from '../summary.js';
import { FileSink } from './file-sink.js';

/** Begins encrypted archives, for the recipients of the vault. */
export function encryptedDrafts(vault: Vault): BeginDraft {
  return async (folder, id, createdAt) => {
    const archivePath = join(folder, id + ENCRYPTED_SUFFIX);
    const indexPath = join(folder, id + SIDECAR_SUFFIX);
    const archive = await openNew(archivePath + PARTIAL_SUFFIX);
    if (archive === undefined) return undefined;
    let index: FileHandle | undefined;
    try {
      index = await openNew(indexPath + PARTIAL_SUFFIX);
      if (index !== undefined) {
        const sinks = {
          archive: new FileSink(archive, archivePath),
          index: new FileSink(index, indexPath),
        };
        // With its key the next run reads what an interrupted one left.
        const keepKey = (fileKey: Buffer) => vault.draftKeys.put(id, fileKey);
        const encryption = await RunEncryption.begin(vault, { id, createdAt }, sinks, keepKey);
        const files = { sink: sinks.archive, handles: [archive, index] };
        return new EncryptedDraft(vault, { id, createdAt }, encryption, files);
      }
    } catch (error) {
      await index?.close();
      if (index !== undefined) await rm(indexPath + PARTIAL_SUFFIX, { force: true });
      await archive.close();
      await rm(archivePath + PARTIAL_SUFFIX, { force: true });
      throw error;
    }
    await archive.close();
    await rm(archivePath + PARTIAL_SUFFIX, { force: true });
    return undefined;
  };
}

/** Resolves to `undefined` if the file exists. */
async function openNew(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return undefined;
    throw error;
  }
}

class EncryptedDraft implements ArchiveDraft {
  readonly id: string;
  readonly createdAt: Date;
  readonly file: string;
  readonly sidecar: string;
  readonly writer: TarArchiveWriter;
  readonly #vault: Vault;
  readonly #encryption: RunEncryption;
  readonly #sink: FileSink;
  readonly #handles: FileHandle[];
  #ended = false;

  constructor(
    vault: Vault,
    { id, createdAt }: { id: string; createdAt: Date },
    encryption: RunEncryption,
    { sink, handles }: { sink: FileSink; handles: FileHandle[] },
  ) {
    this.id = id;
    this.createdAt = createdAt;
    this.file = id + ENCRYPTED_SUFFIX;
    this.sidecar = id + SIDECAR_SUFFIX;
    this.#vault = vault;
    this.#encryption = encryption;
    this.#sink = sink;
    this.#handles = handles;
    this.writer = new TarArchiveWriter(encryption.archive, id, createdAt, encryption.index);
  }

  get recipients(): readonly string[] {
    return this.#encryption.recipients;
  }

  async end(): Promise<{ bytes: number; sha256: string }> {
    this.#ended = true;
    await this.#encryption.archive.end();
    return await this.#sink.end();
  }

  async endEarly(): Promise<number> {
    if (this.#ended) return 0;
    const objects = await this.writer.endEarly();
    await this.end();
    return objects;
  }

  complete(summary: Summary): Promise<Summary> {
    return this.#encryption.complete(summary);
  }

  forget(): Promise<void> {
    return this.#vault.draftKeys.remove(this.id);
  }

  async close(): Promise<void> {
    for (const handle of this.#handles.splice(0)) await handle.close();
  }
}
