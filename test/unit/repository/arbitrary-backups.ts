import fc from 'fast-check';
import type { BackupEntry } from '../../../src/repository/destination.js';
import { BACKUP_TYPES } from '../../../src/repository/names.js';
import type { Summary } from '../../../src/repository/summary.js';
import type { RetentionPolicy } from '../../../src/repository/retention/policy.js';
import { backupEntry, unreadableBackup } from '../../helpers/summaries.js';

/** Destinations of every kind: clocks that go back, chains that are torn, summaries that lie. */

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2023, 11, 20);

const COMPARED = { compared_with: null, by: 'counts', accepted: false } as const;

export const NOW = new Date(START_MS + 60 * 24 * HOUR_MS);

const rarely = fc.constantFrom(false, false, false, true);

const piece = fc.record({
  type: fc.constantFrom(...BACKUP_TYPES),
  status: fc.constantFrom('complete', 'complete', 'complete', 'partial', 'suspect'),
  /** Hours that the clock went on since the one before. */
  hours: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 0, max: 60 }) },
    { weight: 1, arbitrary: fc.integer({ min: -200, max: 500 }) },
  ),
  /** How many places back each reference goes. */
  references: fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { maxLength: 3 }),
  state: fc.constantFrom('whole', 'whole', 'whole', 'whole', 'missing', 'short', 'unreadable'),
  expired: fc.boolean(),
  accepted: rarely,
  retired: rarely,
  supersedes: fc.constantFrom(undefined, undefined, true, false),
  isCompared: fc.boolean(),
  source: fc.constantFrom<Partial<Summary['source']>>(
    ...[{}, {}, {}, { buckets: ['temp'] }, { excluded_buckets: ['temp'] }],
    ...[{ name: 'prod' }, { endpoint: 'http://other:9000' }],
  ),
});

export const backupLists: fc.Arbitrary<BackupEntry[]> = fc
  .tuple(fc.array(piece, { maxLength: 25 }), fc.boolean())
  .map(([pieces, allReadable]) => {
    let atMs = START_MS;
    const ids: string[] = [];
    const readable: BackupEntry[] = [];
    const unreadable: BackupEntry[] = [];
    for (const [index, { type, hours, references, state, ...piece }] of pieces.entries()) {
      atMs += hours * HOUR_MS;
      // A second that is taken waits for the next, so that every id is another.
      const at = new Date(atMs + index * 1000).toISOString();
      const listed =
        state === 'unreadable' && !allReadable
          ? unreadableBackup(at, type)
          : backupEntry(
              {
                at,
                sequence: index + 1,
                type,
                status: piece.status,
                source: piece.source,
                ...(piece.supersedes === undefined ? {} : { supersedes: piece.supersedes }),
                ...(piece.isCompared ? { guard: COMPARED } : {}),
                ...(ids.length === 0 ? {} : { parent: ids.at(-1) ?? '' }),
                references: references.flatMap((back) => ids[ids.length - back] ?? []),
              },
              {
                expired: piece.expired,
                ...(piece.accepted ? { accepted: true } : {}),
                ...(piece.retired ? { retired: true } : {}),
                archiveBytes: state === 'missing' ? null : state === 'short' ? 99 : 100,
              },
            );
      ids.push(listed.id);
      (listed.summary.kind === 'valid' ? readable : unreadable).push(listed);
    }
    // As a destination lists them.
    return [...readable, ...unreadable];
  });

const few = fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined });

export const policies: fc.Arbitrary<RetentionPolicy> = fc
  .record({
    days: fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
    last: few,
    hourly: few,
    daily: few,
    weekly: few,
    monthly: few,
    yearly: few,
  })
  .filter((policy) => Object.values(policy).some((count) => (count ?? 0) > 0));

export const types = fc.constantFrom(undefined, ...BACKUP_TYPES);
