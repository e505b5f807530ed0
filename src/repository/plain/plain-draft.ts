import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../../files/errors.js';
import type { ArchiveDraft } from '../archive-draft.js';
import { PARTIAL_SUFFIX } from '../../files/sync.js';
import { PlainArchiveWriter } from './plain-archive-writer.js';
import { PlainTree } from './plain-tree.js';

export async function beginPlainDraft(
  folder: string,
  id: string,
  createdAt: Date,
): Promise<ArchiveDraft | undefined> {
  const root = join(folder, id + PARTIAL_SUFFIX);
  try {
    await mkdir(root, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return undefined;
    throw error;
  }
  return new PlainDraft(new PlainTree(root), id, createdAt);
}

class PlainDraft implements ArchiveDraft {
  readonly id: string;
  readonly createdAt: Date;
  readonly file: string;
  readonly writer: PlainArchiveWriter;
  readonly #tree: PlainTree;
  #ended = false;

  constructor(tree: PlainTree, id: string, createdAt: Date) {
    this.id = id;
    this.createdAt = createdAt;
    this.file = id;
    this.#tree = tree;
    this.writer = new PlainArchiveWriter(tree, id, createdAt);
  }

  /** The digest of the directory covers the whole archive; see `archive.sha256` in the summary. */
  async end(): Promise<{ bytes: number; sha256: string }> {
    this.#ended = true;
    await this.#tree.sync();
    return { bytes: this.#tree.bytes, sha256: this.writer.directorySha256 };
  }

  async endEarly(): Promise<number> {
    if (this.#ended) return 0;
    const objects = await this.writer.endEarly();
    await this.#tree.sync();
    return objects;
  }

  close(): Promise<void> {
    return this.writer.close();
  }
}
