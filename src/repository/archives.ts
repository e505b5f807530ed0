import type { Archive } from '../archive/archive.js';
import { MangamotionError } from '../errors.js';
import type { Destination } from './destination.js';
import type { Encrypted } from './encryption/open-encrypted.js';
import type { Summary } from './summary.js';

/** What a summary says about the archives that its backup needs. */
export type BackupArchives = Pick<Summary, 'references' | 'encryption'>;

/** Returns what a summary says about an encrypted archive; `undefined` if it is not encrypted. */
export function encryptedOf(
  { encryption }: Pick<Summary, 'encryption'>,
  id: string,
): Encrypted | undefined {
  const record = encryption?.archives[id];
  return encryption === undefined || record === undefined
    ? undefined
    : { record, recipients: encryption.recipients };
}

/**
 * The archives that a backup needs: its own and those that it refers to. Each is opened when it is
 * first read. An index may be forged, so only archives that the summary names are opened.
 */
export class Archives {
  readonly #destination: Destination;
  readonly #summary: BackupArchives;
  readonly #references: ReadonlySet<string>;
  readonly #open: Map<string, Promise<Archive>>;

  constructor(
    destination: Destination,
    own: { id: string; archive: Archive },
    summary: BackupArchives,
  ) {
    this.#destination = destination;
    this.#summary = summary;
    this.#references = new Set([own.id, ...summary.references]);
    this.#open = new Map([[own.id, Promise.resolve(own.archive)]]);
  }

  /** Rejects with `damaged` if the archive is missing, or is not one of this backup's. */
  of(id: string): Promise<Archive> {
    if (!this.isNamed(id)) return Promise.reject(notNamed(id));
    const open = this.#open.get(id) ?? this.#openReferenced(id);
    this.#open.set(id, open);
    // The caller handles the failure.
    open.catch(() => undefined);
    return open;
  }

  async close(): Promise<void> {
    for (const opening of this.#open.values()) {
      // An archive that could not be opened was reported when it was read.
      const archive = await opening.catch(() => undefined);
      await archive?.close();
    }
  }

  checkNamed(id: string): void {
    if (!this.isNamed(id)) throw notNamed(id);
  }

  isNamed(id: string): boolean {
    return this.#references.has(id);
  }

  async #openReferenced(id: string): Promise<Archive> {
    try {
      return await this.#destination.openArchive(id, { encrypted: encryptedOf(this.#summary, id) });
    } catch (error) {
      if (!(error instanceof MangamotionError) || error.code !== 'not_found') throw error;
      throw new MangamotionError(
        'damaged',
        `this backup needs the archive of ${id}, which is missing`,
        { hint: 'Put it back beside the others, or use another backup.', cause: error },
      );
    }
  }
}

function notNamed(id: string): MangamotionError {
  return new MangamotionError(
    'damaged',
    `the index names an archive that the summary does not: ${JSON.stringify(id)}`,
  );
}
