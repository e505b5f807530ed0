import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { TarArchiveWriter } from '../../archive/tar-archive-writer.js';
import { errnoOf } from '../../files/errors.js';
import { FileSink } from './file-sink.js';
import type { ArchiveDraft } from '../archive-draft.js';
import { ARCHIVE_SUFFIX } from '../names.js';
import { PARTIAL_SUFFIX } from '../../files/sync.js';

export async function beginTarDraft(
  folder: string,
  id: string,
  createdAt: Date,
): Promise<ArchiveDraft | undefined> {
  const path = join(folder, id + ARCHIVE_SUFFIX);
  try {
    return new TarDraft(path, id, createdAt, await open(path + PARTIAL_SUFFIX, 'wx', 0o600));
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return undefined;
    throw error;
  }
}

class TarDraft implements ArchiveDraft {
  readonly id: string;
  readonly createdAt: Date;
  readonly file: string;
  readonly writer: TarArchiveWriter;
  readonly #sink: FileSink;
  readonly #handle: FileHandle;
  #open = true;
  #ended = false;

  constructor(path: string, id: string, createdAt: Date, handle: FileHandle) {
    this.id = id;
    this.createdAt = createdAt;
    this.file = id + ARCHIVE_SUFFIX;
    this.#handle = handle;
    this.#sink = new FileSink(handle, path);
    this.writer = new TarArchiveWriter(this.#sink, id, createdAt);
  }

  end(): Promise<{ bytes: number; sha256: string }> {
    this.#ended = true;
    return this.#sink.end();
  }

  async endEarly(): Promise<number> {
    if (this.#ended) return 0;
    const objects = await this.writer.endEarly();
    await this.end();
    return objects;
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#handle.close();
  }
}
