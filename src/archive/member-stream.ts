import { deflateMember } from './deflate.js';
import { type MemberKind, encodeStoredMember } from './gzip.js';
import type { IndexCopy } from './index-copy.js';
import { OrderedOutput } from './ordered-output.js';
import { Span } from './span.js';
import type { ArchiveSink } from './sink.js';

/**
 * Turns pieces of a tar into gzip members. Stored members pass the chunks on without a copy; others
 * are deflated concurrently on the thread pool, and written in order.
 */
export class MemberStream {
  readonly #output: OrderedOutput;
  readonly #copyIndexTo: IndexCopy | undefined;

  /** `copyIndexTo` also gets the members that are built late: chunks and the directory. */
  constructor(sink: ArchiveSink, copyIndexTo?: IndexCopy) {
    this.#output = new OrderedOutput(sink);
    this.#copyIndexTo = copyIndexTo;
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
      async () => {
        const chunks = content();
        const inputBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
        const member = await deflateMember(kind, chunks, inputBytes);
        await this.#copyIndexTo?.add(kind, member);
        return member;
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
