import { deflateMember } from './deflate.js';
import { FORMAT_VERSION, encodeFooter } from './footer.js';
import { MemberKind, encodeStoredMember } from './gzip.js';
import type { ArchiveSink } from './sink.js';
import { END_OF_TAR, encodeEntryHeader, paddingOf } from './tar.js';

/**
 * Writes the index of an archive a second time, as an archive without objects: its own chunks in
 * their order, the directory, and a document of the caller. A reader of this file alone can compare
 * the backup with a store, but holds no contents.
 */
export class IndexCopy {
  readonly #sink: ArchiveSink;
  readonly #archive: string;
  readonly #createdAt: Date;
  #offset = 0;
  #directory = { offset: 0, length: 0 };

  constructor(sink: ArchiveSink, archive: string, createdAt: Date) {
    this.#sink = sink;
    this.#archive = archive;
    this.#createdAt = createdAt;
  }

  /** Adds a chunk or the directory, as its member lies in the archive. */
  async add(kind: MemberKind, member: readonly Uint8Array[]): Promise<void> {
    const length = member.reduce((sum, part) => sum + part.length, 0);
    if (kind === MemberKind.directory) this.#directory = { offset: this.#offset, length };
    this.#offset += length;
    await this.#sink.write(member);
  }

  /** Writes the document behind the directory, and the end. `sha256` is that of the directory. */
  async finish(name: string, content: Buffer, sha256: string): Promise<void> {
    const path = `${this.#archive}/${name}`;
    const header = encodeEntryHeader({ path, sizeBytes: content.length }, this.#createdAt);
    const file = [header, content, Buffer.alloc(paddingOf(content.length))];
    const bytes = file.reduce((sum, part) => sum + part.length, 0);
    const footer = encodeFooter({ version: FORMAT_VERSION, ...this.#directory, sha256 });
    await this.#sink.write([
      ...(await deflateMember(MemberKind.data, file, bytes)),
      ...encodeStoredMember(MemberKind.end, [END_OF_TAR], END_OF_TAR.length),
      footer,
    ]);
  }
}
