import { countOf } from '../../count-of.js';
import type { ArchiveWriter } from '../../archive/archive-writer.js';
import type { IndexLine } from '../../archive/index-line.js';
import { LONGEST_KEY } from '../../archive/limits.js';
import { MangamotionError } from '../../errors.js';
import type { Baseline } from '../plan/baseline.js';
import type { Step } from '../plan/changes.js';
import type { ListedInBucket } from '../plan/listing.js';
import type { ListingTrust } from '../plan/listing-trust.js';
import type { ReadContext } from './fetch.js';
import type { CaptureLedger } from './ledger.js';

export interface CaptureContext extends ReadContext {
  writer: ArchiveWriter;
  ledger: CaptureLedger;
  /** `undefined` for the first backup of a line. */
  baseline: Baseline | undefined;
  trust: ListingTrust;
  startedAt: Date;
  onProgress: (counts: { objects: number; bytes: number }) => void;
}

/** Records outcomes that copy no bytes from the store, in the archive and in the ledger. */
export class Outcomes {
  readonly #context: CaptureContext;

  constructor(context: CaptureContext) {
    this.#context = context;
  }

  /** The object is unchanged, as far as the listing shows. */
  async carry(line: IndexLine): Promise<void> {
    const { writer, ledger } = this.#context;
    await writer.carry(line);
    ledger.unchanged([line], 'unverified');
    ledger.changes.kept(line.bucket);
  }

  /** All objects of a chunk of the parent's index are unchanged. */
  async refer({ chunk, lines }: Extract<Step, { kind: 'refer' }>): Promise<void> {
    const { writer, ledger } = this.#context;
    await writer.refer(chunk, lines);
    ledger.unchanged(lines, 'unverified');
    for (const { bucket } of lines) ledger.changes.kept(bucket);
  }

  /** The object disappeared between the listing and the read. */
  vanished({ bucket }: ListedInBucket, before: IndexLine | undefined): Promise<void> {
    const { ledger } = this.#context;
    ledger.vanished();
    if (before !== undefined) ledger.changes.deleted(bucket);
    return Promise.resolve();
  }

  async fail(
    { bucket, object: { key } }: ListedInBucket,
    error: MangamotionError,
    before: IndexLine | undefined,
  ): Promise<void> {
    if (before === undefined) this.#context.ledger.failed({ bucket, key }, error, false);
    else await this.takeOver(before, error);
  }

  /** The object could not be read: keeps the earlier backup's copy. */
  async takeOver(line: IndexLine, error: MangamotionError): Promise<void> {
    const { baseline, writer, ledger } = this.#context;
    ledger.changes.kept(line.bucket);
    const reused = await baseline?.reuse(line, writer);
    if (reused === undefined) ledger.failed(line, error, true);
    else ledger.carried(line, reused, error);
  }

  /** The object's bucket could not be listed: keeps the earlier backup's copy. */
  async keep(line: IndexLine): Promise<void> {
    const { baseline, writer, ledger } = this.#context;
    ledger.changes.kept(line.bucket);
    const reused = await baseline?.reuse(line, writer);
    if (reused === undefined) ledger.failed(line, notListed(line), true);
    else ledger.kept(line, reused);
  }

  /** Counts whether a captured object has changed since the earlier backup. */
  compare({ bucket, object }: ListedInBucket, before: IndexLine | undefined): void {
    if (before === undefined) return;
    const { changes } = this.#context.ledger;
    if (object.etag === before.etag && object.sizeBytes === before.size) changes.kept(bucket);
    else changes.changed(bucket, object);
  }
}

/** Returns the error for a key that is too long for the index. */
export function keyTooLong({ bucket, object: { key } }: ListedInBucket): MangamotionError {
  return new MangamotionError(
    'refused',
    `${bucket}: a key of ${countOf(key.length, 'character')} is longer than a backup can hold (${LONGEST_KEY})`,
  );
}

function notListed({ bucket }: IndexLine): MangamotionError {
  return new MangamotionError(
    'damaged',
    `${bucket} could not be listed, and the earlier backup's copy of the object cannot be read`,
  );
}
