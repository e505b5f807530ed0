import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dependentsFirst } from '../../../../src/repository/chain.js';
import type { BackupEntry } from '../../../../src/repository/destination.js';
import { nextExpiry } from '../../../../src/repository/retention/expiry.js';
import { linesOf } from '../../../../src/repository/lines/lines.js';
import { type BackupType, backupTimeOf, backupTypeOf } from '../../../../src/repository/names.js';
import type { RetentionPolicy } from '../../../../src/repository/retention/policy.js';
import { planRetention } from '../../../../src/repository/retention/retention.js';
import type { Summary } from '../../../../src/repository/summary.js';
import { NOW, backupLists, policies, types } from '../arbitrary-backups.js';

/** What holds for every destination and every policy. */

function removedBy(
  backups: readonly BackupEntry[],
  policy: RetentionPolicy,
  type?: BackupType,
  now = NOW,
): Set<string> {
  const decisions = planRetention(backups, policy, { now, type });
  return new Set(decisions.flatMap(({ id, kind }) => (kind === 'remove' ? [id] : [])));
}

const summaryIn = ({ summary }: BackupEntry): Summary | undefined =>
  summary.kind === 'valid' ? summary.summary : undefined;

const without = (backups: readonly BackupEntry[], gone: ReadonlySet<string>): BackupEntry[] =>
  backups.filter(({ id }) => !gone.has(id));

function forAll(
  check: (backups: BackupEntry[], policy: RetentionPolicy, type: BackupType | undefined) => void,
): void {
  fc.assert(fc.property(backupLists, policies, types, check), { numRuns: 500 });
}

describe('retention', () => {
  it('never removes what one that stays refers to', () => {
    forAll((backups, policy, type) => {
      const removed = removedBy(backups, policy, type);
      const needed = without(backups, removed).flatMap((backup) => [
        ...(summaryIn(backup)?.references ?? []),
      ]);
      expect(needed.filter((id) => removed.has(id))).toEqual([]);
    });
  });

  it('never removes the last trusted full of a line, nor the last that is whole', () => {
    forAll((backups, policy, type) => {
      const removed = removedBy(backups, policy, type);
      for (const line of linesOf(backups)) {
        if (line.retired && line.suspendedBy === undefined) continue;
        const fulls = line.backups.filter(
          ({ summary, untrusted }) => summary.type === 'full' && untrusted === undefined,
        );
        const whole = fulls.filter(
          ({ entry, summary }) =>
            entry.archiveBytes === 100 &&
            summary.references.every((id) =>
              backups.some((other) => other.id === id && other.archiveBytes === 100),
            ),
        );
        expect(removed).not.toContain(fulls.at(-1)?.id);
        expect(removed).not.toContain(whole.at(-1)?.id);
      }
    });
  });

  it('of a suspended line removes nothing that is trusted, and not the newest suspect', () => {
    forAll((backups, policy, type) => {
      const removed = removedBy(backups, policy, type);
      for (const { suspendedBy, backups: line } of linesOf(backups)) {
        if (suspendedBy === undefined) continue;
        expect(removed).not.toContain(suspendedBy);
        for (const { id, summary, untrusted } of line) {
          if (untrusted === undefined && summary.type !== 'metadata') {
            expect(removed).not.toContain(id);
          }
        }
      }
    });
  });

  it('removes of each line what it would were the others not in question', () => {
    forAll((backups, policy, type) => {
      const together = removedBy(backups, policy, type);
      for (const { backups: line } of linesOf(backups)) {
        const lineOf = line[0]?.id;
        const alone = planRetention(backups, policy, { now: NOW, type, lineOf });
        // What others refer to may stay for them.
        for (const { id, kind } of alone) if (kind === 'remove') expect(together).toContain(id);
      }
    });
  });

  it('removes nothing more when it is asked again', () => {
    forAll((backups, policy, type) => {
      const left = without(backups, removedBy(backups, policy, type));
      expect(removedBy(left, policy, type)).toEqual(new Set());
    });
  });

  it('makes no backup trusted that was not', () => {
    const trustedIn = (backups: readonly BackupEntry[]) =>
      linesOf(backups).flatMap(({ trusted }) => [...trusted]);
    forAll((backups, policy, type) => {
      const before = trustedIn(backups);
      const left = without(backups, removedBy(backups, policy, type));
      for (const id of trustedIn(left)) expect(before).toContain(id);
    });
  });

  it('removes nothing unreadable, and nothing older than that', () => {
    forAll((backups, policy, type) => {
      const removed = removedBy(backups, policy, type);
      for (const { id, summary } of backups) {
        if (summary.kind === 'valid') continue;
        expect(removed).not.toContain(id);
        const older = [...removed].filter((other) => backupTimeOf(other) <= backupTimeOf(id));
        expect(older).toEqual([]);
      }
    });
  });

  it('decides once on each backup in question, in their order', () => {
    forAll((backups, policy, type) => {
      const asked = backups.filter(({ id }) => type === undefined || backupTypeOf(id) === type);
      const decided = planRetention(backups, policy, { now: NOW, type });
      expect(decided.map(({ id }) => id)).toEqual(asked.map(({ id }) => id));
      for (const decision of decided) {
        if (decision.kind === 'keep') expect(decision.reasons).not.toEqual([]);
        if (decision.kind === 'referenced') expect(decision.by).not.toEqual([]);
        if (decision.kind === 'withheld') expect(decision.because).not.toEqual([]);
      }
    });
  });

  it('removes nothing more under a policy that keeps more', () => {
    forAll((backups, policy, type) => {
      const rules = Object.entries<number | undefined>({ ...policy });
      const more = Object.fromEntries(rules.map(([rule, count = 0]) => [rule, count + 1]));
      const removed = removedBy(backups, policy, type);
      for (const id of removedBy(backups, more, type)) expect(removed).toContain(id);
    });
  });

  it('does not look at marks', () => {
    forAll((backups, policy, type) => {
      const unmarked = backups.map((backup) => ({ ...backup, expired: false }));
      expect(removedBy(unmarked, policy, type)).toEqual(removedBy(backups, policy, type));
    });
  });
});

describe('the order of removal', () => {
  it('has at no moment one that stands and refers to one that was removed', () => {
    fc.assert(
      fc.property(backupLists, fc.infiniteStream(fc.boolean()), (backups, chosen) => {
        const going = backups
          .flatMap((backup) => summaryIn(backup) ?? [])
          .filter(() => {
            return chosen.next().value === true;
          });
        const ordered = dependentsFirst(going);
        expect(new Set(ordered)).toEqual(new Set(going));
        expect(ordered).toHaveLength(going.length);
        const gone = new Set<string>();
        for (const { id, references } of ordered) {
          expect(references.filter((needed) => gone.has(needed))).toEqual([]);
          gone.add(id);
        }
      }),
    );
  });
});

describe('the next expiry', () => {
  it('is the first time at which something goes', () => {
    fc.assert(
      fc.property(backupLists, fc.integer({ min: 1, max: 60 }), (backups, days) => {
        const next = nextExpiry(backups, days);
        const removedAt = (time: Date) => removedBy(backups, { days }, undefined, time);
        if (next === null) {
          expect(removedAt(new Date('2100-01-01T00:00:00Z'))).toEqual(new Set());
          return;
        }
        expect(removedAt(new Date(next.at))).toEqual(new Set(next.ids));
        expect(next.ids).not.toEqual([]);
        expect(removedAt(new Date(Date.parse(next.at) - 1))).toEqual(new Set());
      }),
    );
  });
});
