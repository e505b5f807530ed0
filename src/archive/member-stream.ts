import { promisify } from 'node:util';
import { deflateRaw } from 'node:zlib';
import {
  MEMBER_HEADER_BYTES,
  MEMBER_TRAILER_BYTES,
  type MemberKind,
  crcOf,
  encodeMemberHeader,
  encodeStoredMember,
  encodeTrailer,
} from './gzip.js';
import { OrderedOutput } from './ordered-output.js';
import { Span } from './span.js';
import type { ArchiveSink } from './sink.js';

const deflateOnThreadPool = promisify(deflateRaw);

/**
 * Turns pieces of a tar into gzip members. Stored members pass the chunks on without a copy; others
 * are deflated concurrently on the thread pool, and written in order.
 */
export class MemberStream {
  readonly #output: OrderedOutput;

  constructor(sink: ArchiveSink) {
    this.#output = new OrderedOutput(sink);
  }

  add(kind: MemberKind, chunks: Uint8Array[], compress: boolean, span: Span): void {
    const inputBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    span.expect();
    if (!compress) {
      this.#output.add(() => encodeStoredMember(kind, chunks, inputBytes), inputBytes, span);
      return;
    }
    const encoded = deflateMember(kind, chunks, inputBytes);
    // A failure is handled when its turn comes; until then it must not count as unhandled.
    encoded.catch(() => undefined);
    this.#output.add(() => encoded, inputBytes, span);
  }

  /** Adds a member whose content is built when all earlier members are placed. */
  addLater(kind: MemberKind, weight: number, content: () => Uint8Array[], span: Span): void {
    span.expect();
    this.#output.add(
      () => {
        const chunks = content();
        const inputBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
        return deflateMember(kind, chunks, inputBytes);
      },
      weight,
      span,
    );
  }

  /** Adds bytes as they are: the footer. */
  addRaw(bytes: () => Uint8Array): void {
    this.#output.add(() => [bytes()], 0, new Span());
  }

  ready(): Promise<void> {
    return this.#output.ready();
  }

  drained(): Promise<number> {
    return this.#output.drained();
  }
}

async function deflateMember(
  kind: MemberKind,
  chunks: readonly Uint8Array[],
  inputBytes: number,
): Promise<Uint8Array[]> {
  const input = chunks.length === 1 ? (chunks[0] ?? new Uint8Array()) : Buffer.concat(chunks);
  const deflated = await deflateOnThreadPool(input);
  if (deflated.length > inputBytes) return encodeStoredMember(kind, chunks, inputBytes);
  const memberBytes = MEMBER_HEADER_BYTES + deflated.length + MEMBER_TRAILER_BYTES;
  return [
    encodeMemberHeader({ kind, memberBytes }),
    deflated,
    encodeTrailer(crcOf([input]), inputBytes),
  ];
}
