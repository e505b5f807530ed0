import type { Loss, PartRecord, Summary } from '../../repository/summary.js';
import { Failures, Losses } from '../failures.js';
import type { CaptureCounts } from '../object-findings.js';
import { ChangeCounts } from '../guard.js';
import type { ObjectFindings } from '../object-findings.js';

/** Adds up what the manifests of the parts of a run say. Pure. */
export class MergedFindings {
  readonly #counts: CaptureCounts = {
    ...{ total: 0, captured: 0, salvaged: 0, unchanged: 0, unverified: 0, changed: 0 },
    ...{ vanished: 0, failed: 0, carried: 0, bytes: 0, copiedBytes: 0 },
  };
  readonly #failures = new Failures();
  readonly #losses = new Losses();
  readonly #changes = new ChangeCounts();
  readonly #notices = new Set<string>();
  readonly #unsupported = new Map<string, ObjectFindings['unsupported'][number]>();
  /** Failures of whole buckets, which each of its shards may name. */
  readonly #ofBuckets = new Set<string>();
  readonly #parts = new Map<string, PartRecord>();
  #encrypted: NonNullable<ObjectFindings['encrypted']> = {};
  #earlierUnreadable: string | undefined;

  /** `inherited`: the losses that objects bring with them that are taken over unread. */
  constructor(inherited: readonly Loss[]) {
    this.#losses.inherit(inherited);
  }

  /** Adds a part. `summary` is its manifest, with what its sidecar holds. */
  add(summary: Summary): void {
    this.#addCounts(summary);
    this.#addFailures(summary);
    const { fidelity, notices, shard, id, archive, archive_bytes } = summary;
    this.#losses.merge(fidelity.losses);
    for (const notice of notices) this.#notices.add(notice);
    for (const document of fidelity.documents) {
      this.#unsupported.set(JSON.stringify([document.bucket, document.document]), document);
    }
    for (const changes of shard?.changes ?? []) this.#changes.add(changes);
    this.#earlierUnreadable ??= shard?.earlier_unreadable;
    for (const part of summary.parts ?? []) this.#parts.set(part.id, part);
    this.#parts.set(id, { id, archive_bytes, archive });
    this.#encrypted = { ...this.#encrypted, ...summary.encryption?.archives };
  }

  findings(): ObjectFindings {
    return {
      counts: this.#counts,
      failures: this.#failures,
      losses: this.#losses,
      changes: this.#changes,
      notices: this.#notices,
      unsupported: [...this.#unsupported.values()],
      earlierUnreadable: this.#earlierUnreadable,
      parts: [...this.#parts.values()],
      encrypted: this.#encrypted,
    };
  }

  #addCounts({ objects, bytes, copied_bytes: copiedBytes = 0 }: Summary): void {
    const counts = this.#counts;
    const { total, captured, salvaged, unchanged, unverified } = objects;
    counts.total += total;
    counts.captured += captured;
    counts.salvaged += salvaged;
    counts.unchanged += unchanged;
    counts.unverified += unverified;
    counts.changed += objects.changed;
    counts.vanished += objects.vanished;
    counts.failed += objects.failed;
    counts.carried += objects.carried;
    counts.bytes += bytes;
    counts.copiedBytes += copiedBytes;
  }

  #addFailures({ failures, failures_omitted: omitted, shard }: Summary): void {
    for (const failure of failures) {
      if (failure.key === '') {
        const text = JSON.stringify(failure);
        if (this.#ofBuckets.has(text)) continue;
        this.#ofBuckets.add(text);
      }
      this.#failures.add(failure, false);
    }
    this.#failures.omitted += omitted;
    this.#failures.leavesGap ||= shard?.leaves_gap === true;
  }
}
