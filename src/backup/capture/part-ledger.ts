import type { MangamotionError } from '../../errors.js';
import type { DocumentFidelity, Failure } from '../../repository/summary.js';
import { Failures, type Losses, failureOf } from '../failures.js';
import type { PartFinding, PartName } from './object-parts.js';

const LOSS_OF: Readonly<Record<PartName, string>> = {
  tags: 'tags',
  acl: 'acl',
  lock: 'object lock',
  metadata: 'user metadata',
};

export interface PartLedgerOptions {
  failures: Failures;
  losses: Losses;
  /** Returns the fields of a failure whose part was taken over from the earlier backup. */
  carriedFrom: (name: { bucket: string; key: string }) => Partial<Failure>;
  /** True if it is not known which objects the earlier backup holds. */
  earlierIsUnknown: () => boolean;
}

/** Records unreadable parts of objects, and finds out which parts the server does not implement. */
export class PartLedger {
  readonly #options: PartLedgerOptions;
  /** Parts that the server returned at least once. */
  readonly #implemented = new Set<PartName>();
  /** Answers that may mean that the server does not implement a part; `settle` decides. */
  readonly #unsupported = new Map<PartName, { failures: Failures; error: MangamotionError }>();
  readonly #withoutPart = new Map<string, { bucket: string; part: PartName; reason: string }>();

  constructor(options: PartLedgerOptions) {
    this.#options = options;
  }

  add(bucket: string, key: string, findings: readonly PartFinding[]): void {
    const { failures, losses, carriedFrom, earlierIsUnknown } = this.#options;
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
          failures.add(
            failureOf({ bucket, key }, finding.error, {
              part,
              ...(finding.carried ? carriedFrom({ bucket, key }) : {}),
            }),
            !finding.carried && earlierIsUnknown(),
          );
          if (!finding.carried) losses.add(bucket, part, key, finding.error.message);
          break;
        case 'undisclosed':
          losses.add(bucket, LOSS_OF[part], key, finding.error.message);
          break;
      }
    }
  }

  /**
   * Returns the parts that the server does not implement, without which the backup is complete. If
   * the server returned the part for another object, its refusals become failures.
   */
  settle(): DocumentFidelity[] {
    const { failures, losses } = this.#options;
    for (const part of this.#implemented) {
      const found = this.#unsupported.get(part);
      for (const failure of found?.failures.named ?? []) {
        failures.add(failure, false);
        losses.add(failure.bucket, part, failure.key, failure.reason);
      }
      failures.omitted += found?.failures.omitted ?? 0;
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

  #countUnsupported(bucket: string, key: string, part: PartName, error: MangamotionError): void {
    const known = this.#unsupported.get(part) ?? { failures: new Failures(), error };
    this.#unsupported.set(part, known);
    known.failures.add(failureOf({ bucket, key }, error, { part }), false);
    const name = JSON.stringify([bucket, part]);
    if (!this.#withoutPart.has(name)) {
      this.#withoutPart.set(name, { bucket, part, reason: error.message });
    }
  }
}
