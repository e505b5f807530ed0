import type { Archive } from '../../archive/archive.js';
import { isMangamotionError } from '../../errors.js';
import type { Archives } from '../../repository/archives.js';
import { type VerifyResult, addProblem } from './result.js';

/** The archives that a backup needs, each opened once. One that is missing is reported once. */
export class NeededArchives {
  readonly #archives: Archives;
  readonly #result: VerifyResult;
  /** Parts that are missing, which was reported. */
  readonly #missing: ReadonlySet<string>;
  readonly #opened = new Map<string, Archive | undefined>();

  constructor(archives: Archives, result: VerifyResult, missing: ReadonlySet<string>) {
    this.#archives = archives;
    this.#result = result;
    this.#missing = missing;
  }

  isNamed(id: string): boolean {
    return this.#archives.isNamed(id);
  }

  /** Resolves to `undefined` for an archive that is missing, or that the summary does not name. */
  async open(id: string): Promise<Archive | undefined> {
    if (this.#opened.has(id)) return this.#opened.get(id);
    // An archive that the summary does not name is reported with its line.
    if (!this.isNamed(id) || this.#missing.has(id)) return undefined;
    let archive: Archive | undefined;
    try {
      archive = await this.#archives.of(id);
    } catch (error) {
      if (!isMangamotionError(error, 'damaged')) throw error;
      addProblem(this.#result, 'archive_missing', error.message);
    }
    this.#opened.set(id, archive);
    return archive;
  }

  /** Returns an archive that was opened before. */
  get(id: string): Archive | undefined {
    return this.#opened.get(id);
  }
}
