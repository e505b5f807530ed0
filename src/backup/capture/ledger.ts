import type { IndexLine } from '../../archive/index-line.js';
import { MangamotionError, isMangamotionError } from '../../errors.js';
import type { DocumentFidelity, Failure } from '../../repository/summary.js';
import { Failures, Losses, failureOf } from './failures.js';
import { ChangeCounts } from '../guard.js';
import type { PartFinding, PartName } from './object-parts.js';

/** What became of the objects of a run, as its summary counts and names it. */

export interface CaptureCounts {
  /** Objects that the listing named, or HEAD found, and whose turn has come. */
  total: number;
  /** Objects whose bytes were copied. */
  captured: number;
  /** Of them: those whose bytes an earlier run, which never ended, had copied already. */
  salvaged: number;
  /** Objects whose bytes lie in an earlier archive already. */
  unchanged: number;
  /** Of the unchanged: those of which nothing was read but their line in the listing. */
  unverified: number;
  /** Captured, but not as they were listed: they were overwritten in between. */
  changed: number;
  vanished: number;
  failed: number;
  /** Could not be read, and were taken over from an earlier backup; captured or unchanged as well. */
  carried: number;
  /** Sum of the sizes of all that is in the backup. */
  bytes: number;
}

/** After so many refusals, with nothing read in between, the rights are missing for everything. */
const MOST_REFUSALS = 1000;

/** What a loss of a part is called in a summary. */
const LOSS_OF: Readonly<Record<PartName, string>> = {
  tags: 'tags',
  acl: 'acl',
  lock: 'object lock',
  metadata: 'user metadata',
};

/** The earlier backup that a run is compared with, as far as failures refer to it. */
export interface EarlierBackup {
  id: string;
  /** Since when it could not read an object itself. */
  unreadableSince: (bucket: string, key: string) => string | undefined;
}

export interface LedgerOptions {
  /** `undefined` where there is none. */
  earlier: EarlierBackup | undefined;
  /** True where it is not known what the earlier backup holds: its index cannot be read. */
  earlierIsUnknown: () => boolean;
  /** Of the run; RFC 3339. */
  createdAt: string;
}

export class CaptureLedger {
  readonly counts: CaptureCounts = {
    ...{ total: 0, captured: 0, salvaged: 0, unchanged: 0, unverified: 0, changed: 0 },
    ...{ vanished: 0, failed: 0, carried: 0, bytes: 0 },
  };
  readonly failures = new Failures();
  readonly losses = new Losses();
  readonly changes = new ChangeCounts();
  readonly notices = new Set<string>();
  readonly #options: LedgerOptions;
  /** Parts that the server answered at least once. */
  readonly #implemented = new Set<PartName>();
  /** Answers that may mean that the server implements no such thing: told apart at the end. */
  readonly #unsupported = new Map<PartName, { failures: Failures; error: MangamotionError }>();
  readonly #withoutPart = new Map<string, { bucket: string; part: PartName; reason: string }>();
  #refusals = 0;
  #lastRefusal: MangamotionError | undefined;

  constructor(options: LedgerOptions) {
    this.#options = options;
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
    if (how.changed) counts.changed += 1;
    if (how.salvaged === true) counts.salvaged += 1;
    this.#record(bucket, key, findings);
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
    if (line !== undefined) this.#record(line.bucket, line.key, findings);
  }

  vanished(): void {
    this.counts.total += 1;
    this.counts.vanished += 1;
  }

  /** It could not be read, and no earlier copy stands in for it. `held`: the earlier backup has it. */
  failed(name: { bucket: string; key: string }, error: MangamotionError, held: boolean): void {
    this.counts.total += 1;
    this.counts.failed += 1;
    this.failures.add(failureOf(name, error), held || this.#options.earlierIsUnknown());
    this.#countRefusal(error);
  }

  /** It could not be read, and the earlier backup's copy is in this one. */
  carried(line: IndexLine, how: 'copied' | 'referred', error: MangamotionError): void {
    const { counts } = this;
    counts.total += 1;
    counts.failed += 1;
    counts.carried += 1;
    counts.bytes += line.size;
    if (how === 'copied') counts.captured += 1;
    else counts.unchanged += 1;
    this.failures.add(failureOf(line, error, this.carriedFrom(line)), false);
    this.#countRefusal(error);
  }

  /** The same of one whose bucket could not be listed: that is named once for the bucket. */
  kept(line: IndexLine, how: 'copied' | 'referred'): void {
    const { counts } = this;
    counts.total += 1;
    counts.carried += 1;
    counts.bytes += line.size;
    if (how === 'copied') counts.captured += 1;
    else counts.unchanged += 1;
  }

  /** A bucket of which something could not be had: what the earlier backup holds of it was kept. */
  bucketFailed(bucket: string, error: MangamotionError): void {
    this.failures.add(failureOf({ bucket, key: '' }, error), this.#options.earlierIsUnknown());
  }

  documentFailed(failure: Failure): void {
    const isCarried = failure.carried_from !== undefined;
    this.failures.add(failure, !isCarried && this.#options.earlierIsUnknown());
  }

  carriedFrom({ bucket, key }: { bucket: string; key: string }): Partial<Failure> {
    const { earlier, createdAt } = this.#options;
    if (earlier === undefined) return {};
    const since = earlier.unreadableSince(bucket, key) ?? createdAt;
    return { carried_from: earlier.id, unreadable_since: since };
  }

  /**
   * Ends the run where the credentials were refused for everything: nothing could be read, and every
   * answer was a refusal of rights. A single object proves nothing.
   */
  refuseIfAllDenied(): void {
    const { captured, unchanged, carried } = this.counts;
    if (captured + unchanged > carried || this.#refusals < 2) return;
    if (this.#refusals < this.counts.failed || this.#lastRefusal === undefined) return;
    const { message, hint, cause, request } = this.#lastRefusal;
    throw new MangamotionError(
      'access_denied',
      `all of ${this.#refusals} objects were refused, the last with: ${message}`,
      { hint, cause, request },
    );
  }

  /**
   * What the server turned out not to implement leaves the backup complete; an answer of that kind
   * from a server that does implement it is a failure of its object.
   */
  settleParts(): DocumentFidelity[] {
    for (const part of this.#implemented) {
      const found = this.#unsupported.get(part);
      for (const failure of found?.failures.named ?? []) {
        this.failures.add(failure, false);
        this.losses.add(failure.bucket, part, failure.key, failure.reason);
      }
      this.failures.omitted += found?.failures.omitted ?? 0;
    }
    return [...this.#withoutPart.values()]
      .filter(({ part }) => !this.#implemented.has(part))
      .map(({ bucket, part, reason }) => ({
        bucket,
        document: `object-${part}`,
        state: 'unsupported',
        reason,
      }));
  }

  #record(bucket: string, key: string, findings: readonly PartFinding[]): void {
    for (const finding of findings) {
      const { part } = finding;
      switch (finding.kind) {
        case 'answered':
          this.#implemented.add(part);
          break;
        case 'unsupported':
          this.#countUnsupported(bucket, key, part, finding.error);
          break;
        case 'failed':
          this.failures.add(
            failureOf({ bucket, key }, finding.error, {
              part,
              ...(finding.carried ? this.carriedFrom({ bucket, key }) : {}),
            }),
            !finding.carried && this.#options.earlierIsUnknown(),
          );
          if (!finding.carried) this.losses.add(bucket, part, key, finding.error.message);
          break;
        case 'untold':
          this.losses.add(bucket, LOSS_OF[part], key, finding.error.message);
          break;
      }
    }
  }

  #countUnsupported(bucket: string, key: string, part: PartName, error: MangamotionError): void {
    const known = this.#unsupported.get(part) ?? { failures: new Failures(), error };
    this.#unsupported.set(part, known);
    known.failures.add(failureOf({ bucket, key }, error, { part }), false);
    const name = JSON.stringify([bucket, part]);
    if (!this.#withoutPart.has(name)) {
      this.#withoutPart.set(name, { bucket, part, reason: error.message });
    }
  }

  #countRefusal(error: MangamotionError): void {
    if (!isMangamotionError(error, 'access_denied')) return;
    this.#refusals += 1;
    this.#lastRefusal = error;
    if (this.#refusals >= MOST_REFUSALS) this.refuseIfAllDenied();
  }
}
