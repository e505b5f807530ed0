import { countOf } from '../../count-of.js';
import type { IndexLine } from '../../archive/index-line.js';
import { MangamotionError, isMangamotionError } from '../../errors.js';
import type { DocumentFidelity, Failure } from '../../repository/summary.js';
import { Failures, Losses, failureOf } from '../failures.js';
import { ChangeCounts } from '../guard.js';
import type { CaptureCounts } from '../object-findings.js';
import type { PartFinding } from './object-parts.js';
import { PartLedger } from './part-ledger.js';

/** After this many refusals and no successful read, the run ends. */
const MAX_REFUSALS = 1000;

interface EarlierBackup {
  id: string;
  /** Returns since when that backup could not read an object. */
  unreadableSince: (bucket: string, key: string) => string | undefined;
}

export interface LedgerOptions {
  earlier: EarlierBackup | undefined;
  /** Whether the index of the earlier backup cannot be read, so that its objects are unknown. */
  earlierIsUnknown: () => boolean;
  /** RFC 3339. */
  createdAt: string;
  /** The names of objects must not be shown, because the backup is encrypted. */
  hidesNames?: boolean;
}

/** Counts the outcome of each object and records what is missing, for the summary. */
export class CaptureLedger {
  readonly counts: CaptureCounts = {
    ...{ total: 0, captured: 0, salvaged: 0, unchanged: 0, unverified: 0, changed: 0 },
    ...{ vanished: 0, failed: 0, carried: 0, bytes: 0, copiedBytes: 0 },
  };
  readonly failures = new Failures();
  readonly losses = new Losses();
  readonly changes = new ChangeCounts();
  readonly notices = new Set<string>();
  readonly #options: LedgerOptions;
  readonly #parts: PartLedger;
  #refusals = 0;
  #lastRefusal: MangamotionError | undefined;

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#parts = new PartLedger({
      ...{ failures: this.failures, losses: this.losses },
      carriedFrom: (name) => this.carriedFrom(name),
      earlierIsUnknown: options.earlierIsUnknown,
    });
  }

  captured(
    { bucket, key }: { bucket: string; key: string },
    how: { bytes: number; changed: boolean; salvaged?: boolean },
    findings: readonly PartFinding[],
  ): void {
    const { counts } = this;
    counts.total += 1;
    counts.captured += 1;
    counts.bytes += how.bytes;
    counts.copiedBytes += how.bytes;
    if (how.changed) counts.changed += 1;
    if (how.salvaged === true) counts.salvaged += 1;
    this.#parts.add(bucket, key, findings);
  }

  unchanged(
    lines: readonly IndexLine[],
    how: 'verified' | 'unverified',
    findings: readonly PartFinding[] = [],
  ): void {
    const { counts } = this;
    counts.total += lines.length;
    counts.unchanged += lines.length;
    if (how === 'unverified') counts.unverified += lines.length;
    for (const { size } of lines) counts.bytes += size;
    const [line] = lines;
    if (line !== undefined) this.#parts.add(line.bucket, line.key, findings);
  }

  vanished(): void {
    this.counts.total += 1;
    this.counts.vanished += 1;
  }

  /** Records an unreadable object. `held`: the earlier backup has it, but its copy is unusable. */
  failed(name: { bucket: string; key: string }, error: MangamotionError, held: boolean): void {
    this.counts.total += 1;
    this.counts.failed += 1;
    this.failures.add(failureOf(name, error), held || this.#options.earlierIsUnknown());
    this.#countRefusal(error);
  }

  /** Records an unreadable object that was taken over from the earlier backup. */
  carried(line: IndexLine, how: 'copied' | 'referred', error: MangamotionError): void {
    const { counts } = this;
    counts.total += 1;
    counts.failed += 1;
    counts.carried += 1;
    counts.bytes += line.size;
    this.#countHeld(line, how);
    this.failures.add(failureOf(line, error, this.carriedFrom(line)), false);
    this.#countRefusal(error);
  }

  /**
   * Records an object that was taken over because its bucket could not be listed. The bucket's
   * failure is recorded once, by `bucketFailed`.
   */
  kept(line: IndexLine, how: 'copied' | 'referred'): void {
    const { counts } = this;
    counts.total += 1;
    counts.carried += 1;
    counts.bytes += line.size;
    this.#countHeld(line, how);
  }

  /**
   * Records a bucket whose listing failed or is not trusted, and whose earlier objects are kept.
   */
  bucketFailed(bucket: string, error: MangamotionError): void {
    this.failures.add(failureOf({ bucket, key: '' }, error), this.#options.earlierIsUnknown());
  }

  carriedFrom({ bucket, key }: { bucket: string; key: string }): Partial<Failure> {
    const { earlier, createdAt } = this.#options;
    if (earlier === undefined) return {};
    const since = earlier.unreadableSince(bucket, key) ?? createdAt;
    return { carried_from: earlier.id, unreadable_since: since };
  }

  /** Throws `access_denied` if at least two objects were read, and every read was refused. */
  refuseIfAllDenied(): void {
    const { captured, unchanged, carried } = this.counts;
    if (captured + unchanged > carried || this.#refusals < 2) return;
    if (this.#refusals < this.counts.failed || this.#lastRefusal === undefined) return;
    const { message, hint, cause, request } = this.#lastRefusal;
    if (this.#options.hidesNames === true) {
      const all = countOf(this.#refusals, 'object');
      const text = `access to all ${all} was refused`;
      throw new MangamotionError('access_denied', text, { hint, request });
    }
    throw new MangamotionError(
      'access_denied',
      `access to all ${countOf(this.#refusals, 'object')} was refused, the last time with: ${message}`,
      { hint, cause, request },
    );
  }

  /** Returns what the parts of objects are that the server does not implement. Call it once, at the end. */
  settleParts(): DocumentFidelity[] {
    return this.#parts.settle();
  }

  #countHeld({ size }: IndexLine, how: 'copied' | 'referred'): void {
    const { counts } = this;
    if (how === 'referred') {
      counts.unchanged += 1;
      return;
    }
    counts.captured += 1;
    counts.copiedBytes += size;
  }

  #countRefusal(error: MangamotionError): void {
    if (!isMangamotionError(error, 'access_denied')) return;
    this.#refusals += 1;
    this.#lastRefusal = error;
    if (this.#refusals >= MAX_REFUSALS) this.refuseIfAllDenied();
  }
}
