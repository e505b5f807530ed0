import { type Hash, createHash } from 'node:crypto';
import { MangamotionError } from '../errors.js';
import type { ArchivePart, AuditObserver, AuditResult, PartResult } from './archive.js';
import { ownChunksOf } from './parts.js';
import type { Directory } from './directory.js';
import { FOOTER_BYTES } from './footer.js';
import { type MemberHeader, MemberKind } from './gzip.js';
import { largestDirectoryBytes } from './limits.js';
import { inflateMember, largestBytesOf, readMember } from './members.js';
import { readChunk } from './reader.js';
import { prefetchInOrder } from '../prefetch.js';
import type { ArchiveSource } from './sink.js';
import { TarScanner, TarStructureError } from './tar-scanner.js';

interface Expected {
  name: { bucket: string; key: string } | undefined;
  path: string;
  offset: number;
  inner: number;
  size: number;
  sha256: string;
}

const SKIP_BYTES = 1024 * 1024;

/** The members that one worker inflates ahead of their turn, and the memory that they take. */
const MEMBERS_A_WORKER = 2;
const MEMBER_BYTES_A_WORKER = 16 * 1024 * 1024;

/**
 * Reads an archive once from start to end and checks every byte three times: as part of the archive
 * file (SHA-256), as part of a gzip member and of the tar in it, and as part of an object or
 * document (SHA-256). After damage it continues at the next place that the index knows, so one
 * flipped bit gives one finding and does not end the audit.
 */
export async function auditArchive(
  sources: AuditSources,
  directory: Directory,
  observer: AuditObserver,
): Promise<AuditResult> {
  return await new Audit(sources, directory, observer).run();
}

/**
 * Reads one part of an archive (see `partsOf`) and checks every byte of it, except by the SHA-256 of
 * the whole file.
 */
export async function auditPart(
  sources: AuditSources,
  directory: Directory,
  part: ArchivePart,
  observer: AuditObserver,
): Promise<PartResult> {
  return await new Audit(sources, directory, observer, part.from).runPart(part);
}

export interface AuditSources {
  /** Is read anywhere: for index chunks, ahead of what they describe. */
  source: ArchiveSource;
  /** The same bytes, read from one end to the other. */
  walked: ArchiveSource;
}

class Audit {
  readonly #source: ArchiveSource;
  readonly #walked: ArchiveSource;
  readonly #directory: Directory;
  readonly #observer: AuditObserver;
  readonly #archiveHash = createHash('sha256');
  readonly #scanner: TarScanner;
  /** The files that are expected before the next chunk, by path. */
  #expected = new Map<string, Expected>();
  /** The starts of spans before the next chunk, where the audit can continue after damage. */
  #boundaries: number[] = [];
  #nextBoundary = 0;
  readonly #chunkOffsets = new Set<number>();
  #directories = 0;
  #memberOffset: number;
  /** The number of inflated bytes before the current member. */
  #inflatedBefore = 0;
  #current: { expected: Expected; hash: Hash } | undefined;
  #objects = 0;
  #bytes = 0;

  constructor(
    { source, walked }: AuditSources,
    directory: Directory,
    observer: AuditObserver,
    memberOffset = 0,
  ) {
    this.#memberOffset = memberOffset;
    this.#source = source;
    this.#walked = walked;
    this.#directory = directory;
    this.#observer = observer;
    this.#scanner = new TarScanner({
      entry: (path, sizeBytes, contentOffset) => this.#beginFile(path, sizeBytes, contentOffset),
      content: (chunk) => this.#current?.hash.update(chunk),
      entryEnd: () => this.#endFile(),
    });
  }

  async run(): Promise<AuditResult> {
    const end = this.#source.sizeBytes - FOOTER_BYTES;
    const chunks = ownChunksOf(this.#directory).filter((chunk) => this.#liesWithin(chunk, end));
    for (const { offset } of chunks) this.#chunkOffsets.add(offset);
    for (const document of this.#directory.documents) this.#expect(document, undefined);
    for (const chunk of chunks) {
      await this.#loadChunk(chunk);
      await this.#walk(chunk.offset + chunk.length);
      this.#reportMissing();
    }
    await this.#walkToEnd(end);
    this.#archiveHash.update(await this.#walked.read(end, FOOTER_BYTES));
    return { sha256: this.#archiveHash.digest('hex'), objects: this.#objects, bytes: this.#bytes };
  }

  async runPart({ chunk, from, to }: ArchivePart): Promise<PartResult> {
    const end = this.#source.sizeBytes - FOOTER_BYTES;
    for (const { offset } of ownChunksOf(this.#directory)) this.#chunkOffsets.add(offset);
    for (const document of this.#directory.documents) {
      if (document.offset >= from && document.offset < to) this.#expect(document, undefined);
    }
    if (chunk === undefined) await this.#walkToEnd(end);
    else if (this.#liesWithin(chunk, end)) {
      await this.#loadChunk(chunk);
      await this.#walk(chunk.offset + chunk.length);
      this.#reportMissing();
    }
    return { objects: this.#objects, bytes: this.#bytes };
  }

  async #walkToEnd(end: number): Promise<void> {
    await this.#walk(end);
    this.#reportMissing();
    if (!this.#scanner.ended)
      this.#observer.problem({ kind: 'tar', message: 'the tar has no end' });
  }

  #liesWithin(chunk: Directory['chunks'][number], end: number): boolean {
    if (chunk.offset + chunk.length <= end) return true;
    const message = `the directory names an index chunk outside the archive (byte ${chunk.offset})`;
    this.#observer.problem({ kind: 'chunk', message });
    return false;
  }

  async #loadChunk(chunk: Directory['chunks'][number]): Promise<void> {
    this.#boundaries.push(chunk.offset);
    try {
      for (const line of await readChunk(this.#source, chunk)) {
        // The bytes of the other objects lie in other archives.
        if (line.archive !== this.#directory.archive) continue;
        this.#expect(line, { bucket: line.bucket, key: line.key });
      }
    } catch (error) {
      this.#observer.problem({ kind: 'chunk', message: damageOf(error) });
    }
  }

  #expect(file: Omit<Expected, 'name'>, name: Expected['name']): void {
    const { path, offset, inner, size, sha256 } = file;
    if (this.#expected.has(path)) {
      const message = `two objects or documents share one file: ${JSON.stringify(path)}`;
      this.#observer.problem({ kind: 'chunk', message, ...name });
    }
    this.#expected.set(path, { name, path, offset, inner, size, sha256 });
    if (this.#boundaries.at(-1) !== offset) this.#boundaries.push(offset);
  }

  /** Reads the members from the end of the last walk up to `end`. */
  async #walk(end: number): Promise<void> {
    this.#boundaries.sort((a, b) => a - b);
    this.#nextBoundary = 0;
    while (this.#memberOffset < end) {
      this.#observer.signal.throwIfAborted();
      if (!(await this.#readMembers(end))) await this.#skipDamage(end);
    }
    this.#boundaries = [];
  }

  /** Reads the members up to `end`. Resolves to false at the first damaged one. */
  async #readMembers(end: number): Promise<boolean> {
    const { sizeBytes } = this.#walked;
    const { workers = 1, signal } = this.#observer;
    const limits = {
      maxRequests: MEMBERS_A_WORKER * workers,
      maxBytes: MEMBER_BYTES_A_WORKER * workers,
    };
    const members = prefetchInOrder(
      membersFrom(this.#walked, this.#memberOffset, end),
      limits,
      (member) => weightOf(member, sizeBytes),
      (member) => inflated(member, sizeBytes),
    );
    for await (const { item, result } of members) {
      signal.throwIfAborted();
      const isSound = this.#takeMember(item, result);
      this.#observer.progress({ objects: this.#objects, bytes: this.#bytes });
      if (!isSound) return false;
    }
    return true;
  }

  #takeMember(member: ReadMember, inflated: Inflated): boolean {
    const { offset } = member;
    try {
      if ('error' in member) throw member.error;
      const { header, raw } = member;
      this.#checkKind(header.kind, offset);
      if ('error' in inflated) throw inflated.error;
      for (const part of inflated.content) this.#scanner.push(part);
      this.#inflatedBefore += inflated.content.reduce((sum, part) => sum + part.length, 0);
      this.#archiveHash.update(raw);
      this.#memberOffset = offset + header.memberBytes;
      return true;
    } catch (error) {
      const kind = error instanceof TarStructureError ? 'tar' : 'member';
      this.#observer.problem({
        kind,
        message: `${damageOf(error)} (byte ${offset} of the archive)`,
      });
      return false;
    }
  }

  /** Reports a second directory, and a chunk that the directory does not name. */
  #checkKind(kind: MemberKind, offset: number): void {
    if (kind === MemberKind.chunk && !this.#chunkOffsets.has(offset)) {
      const message = `the directory does not name the index chunk at byte ${offset} of the archive`;
      this.#observer.problem({ kind: 'chunk', message });
    }
    if (kind !== MemberKind.directory) return;
    this.#directories += 1;
    if (this.#directories === 1) return;
    const message = `another directory lies at byte ${offset} of the archive`;
    this.#observer.problem({ kind: 'member', message });
  }

  /** Skips to the next known start of a span. The skipped bytes still count for the SHA-256. */
  async #skipDamage(end: number): Promise<void> {
    // The boundaries are sorted, and the walk only moves forward.
    let next = this.#boundaries[this.#nextBoundary] ?? end;
    while (next <= this.#memberOffset) next = this.#boundaries[++this.#nextBoundary] ?? end;
    // A forged line may name a wrong place, but the walk stays before `end`.
    const resume = Math.min(next, end);
    for (let offset = this.#memberOffset; offset < resume; offset += SKIP_BYTES) {
      const length = Math.min(SKIP_BYTES, resume - offset);
      this.#archiveHash.update(await this.#walked.read(offset, length));
    }
    this.#memberOffset = resume;
    this.#current = undefined;
    this.#scanner.reset(this.#inflatedBefore);
  }

  #beginFile(path: string, sizeBytes: number, contentOffset: number): void {
    const expected = this.#expected.get(path);
    this.#current = undefined;
    // An abandoned copy has the same name as the final one, but another place.
    if (
      expected?.offset === this.#memberOffset &&
      expected.inner === contentOffset - this.#inflatedBefore &&
      expected.size === sizeBytes
    ) {
      this.#current = { expected, hash: createHash('sha256') };
    }
  }

  #endFile(): void {
    if (this.#current === undefined) return;
    const { expected, hash } = this.#current;
    this.#current = undefined;
    if (hash.digest('hex') !== expected.sha256) return;
    this.#expected.delete(expected.path);
    if (expected.name === undefined) return;
    this.#objects += 1;
    this.#bytes += expected.size;
  }

  #reportMissing(): void {
    for (const { name, path } of this.#expected.values()) {
      // The path of an object may be a digest, so the message names its key.
      const what = name === undefined ? path : `${name.bucket}/${name.key}`;
      const message = `${what} is damaged: its bytes are not those that were backed up`;
      this.#observer.problem(
        name === undefined ? { kind: 'document', message } : { kind: 'object', message, ...name },
      );
    }
    this.#expected = new Map();
  }
}

/** A member as it is stored, or why it cannot be read. */
type ReadMember = { offset: number } & ({ header: MemberHeader; raw: Buffer } | { error: unknown });
type Inflated = { content: Buffer[] } | { error: unknown };

/** Yields the members from `offset` to `end`, and ends with the first that cannot be read. */
async function* membersFrom(
  source: ArchiveSource,
  start: number,
  end: number,
): AsyncGenerator<ReadMember[]> {
  const most = largestDirectoryBytes(source.sizeBytes);
  for (let offset = start; offset < end;) {
    try {
      const { header, raw } = await readMember(source, offset, end, most);
      yield [{ offset, header, raw }];
      offset += header.memberBytes;
    } catch (error) {
      yield [{ offset, error }];
      return;
    }
  }
}

/** What a member takes while it waits: its bytes, and what they may inflate to. */
function weightOf(member: ReadMember, archiveBytes: number): number {
  if ('error' in member) return 0;
  const { header, raw } = member;
  const most = largestBytesOf(header.kind, archiveBytes);
  if (header.kind !== MemberKind.data) return raw.length + most;
  // One that inflates to another length than it says is not kept.
  return raw.length + Math.min(most, raw.readUInt32LE(raw.length - 4));
}

async function inflated(member: ReadMember, archiveBytes: number): Promise<Inflated> {
  if ('error' in member) return member;
  const { offset, header, raw } = member;
  try {
    return { content: await inflateMember(raw, offset, largestBytesOf(header.kind, archiveBytes)) };
  } catch (error) {
    return { error };
  }
}

function damageOf(error: unknown): string {
  if (error instanceof TarStructureError) return `the tar has ${error.message}`;
  if (error instanceof MangamotionError && error.code === 'damaged') return error.message;
  throw error;
}
