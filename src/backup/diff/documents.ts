import type { Directory, DocumentEntry } from '../../archive/directory.js';
import { bucketDocumentPath } from '../../archive/paths.js';
import { BUCKET_DOCUMENTS } from '../../object-store/bucket-documents.js';
import type { Summary } from '../../repository/summary.js';
import type { KnownFailures } from './failures-of.js';
import type { DiffRow, State } from './row.js';

/** Compares the documents of buckets by the digests in two directories. Pure. */

export class KnownDocuments {
  readonly failures: KnownFailures;
  readonly #id: string;
  readonly #entries: ReadonlyMap<string, DocumentEntry>;
  readonly #unsupported: ReadonlySet<string>;

  constructor({ id, fidelity }: Summary, directory: Directory, failures: KnownFailures) {
    this.failures = failures;
    this.#id = id;
    this.#entries = new Map(directory.documents.map((entry) => [entry.path, entry]));
    this.#unsupported = new Set(
      fidelity.documents
        .filter(({ state }) => state === 'unsupported')
        .map(({ bucket, document }) => `${document} ${bucket}`),
    );
  }

  find(bucket: string, fileName: string): DocumentEntry | undefined {
    return this.#entries.get(`${this.#id}/${bucketDocumentPath(bucket, fileName)}`);
  }

  /** Returns why it means nothing that the backup lacks the document. */
  whyAbsent(bucket: string, kind: string): string | undefined {
    if (!this.#unsupported.has(`${kind} ${bucket}`)) return undefined;
    return `the server of ${this.#id} does not support it`;
  }
}

export function documentRows(
  bucket: string,
  before: KnownDocuments,
  after: KnownDocuments,
): DiffRow[] {
  return BUCKET_DOCUMENTS.flatMap(({ kind, fileName }): DiffRow[] => {
    const [was, is] = [before.find(bucket, fileName), after.find(bucket, fileName)];
    const failed =
      before.failures.ofDocument(bucket, kind) ?? after.failures.ofDocument(bucket, kind);
    const lacking = was === undefined ? before : is === undefined ? after : undefined;
    const absent = was === is ? undefined : lacking?.whyAbsent(bucket, kind);
    const reason = failed ?? absent;
    if (reason === undefined && was?.sha256 === is?.sha256) return [];
    const change =
      reason !== undefined
        ? 'unknown'
        : was === undefined
          ? 'added'
          : is === undefined
            ? 'removed'
            : 'changed';
    const states = { before: stateOf(was), after: stateOf(is), reason: reason ?? null };
    return [{ change, kind: 'document', bucket, key: null, document: kind, what: [], ...states }];
  });
}

function stateOf(entry: DocumentEntry | undefined): State | null {
  if (entry === undefined) return null;
  return { size: entry.size, etag: null, sha256: entry.sha256, last_modified: null };
}
