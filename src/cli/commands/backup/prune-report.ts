import type { PruneReport } from '../../../repository/retention/prune.js';
import type { Column } from '../../output/columns.js';
import type { Page } from '../../output/page.js';
import { countOf } from '../../output/units.js';
import { shortList } from './describe.js';

/** Why expired backups stay. */
export function withheldWarning({ withheld }: PruneReport, location: string): string {
  const unreadable = [...new Set(withheld.flatMap(({ because }) => because))];
  return (
    `${countOf(withheld.length, 'expired backup')} ${withheld.length === 1 ? 'stays' : 'stay'}: ` +
    `${shortList(unreadable)} cannot be read and may refer to ${withheld.length === 1 ? 'it' : 'them'}; see "mangamotion backup status ${location}"`
  );
}

export interface PruneRow {
  id: string;
  what: string;
  why: string;
  /** The bytes that the removal frees; absent for a backup that stays. */
  bytes?: number;
}

/** What stays, and why; then what goes, and the bytes that frees; then versions of what went before. */
export function rowsOf(
  { kept, referenced, withheld, retained, removed, parts, purged }: PruneReport,
  bytesText: (bytes: number) => string,
): PruneRow[] {
  return [
    ...kept.map(({ id, reasons }) => ({ id, what: 'keep', why: reasons.join(', ') })),
    ...referenced.map(({ id, by }) => ({
      id,
      what: 'keep',
      why: `expired, referenced by ${shortList(by)}`,
    })),
    ...withheld.map(({ id, because }) => ({
      id,
      what: 'keep',
      why: `expired, but ${shortList(because)} cannot be read`,
    })),
    ...retained.map(({ id, until }) => ({
      ...{ id, what: 'keep' },
      why: `expired, retained until ${until} by its lock`,
    })),
    ...removed.map(({ id, bytes }) => ({ id, what: 'remove', bytes, why: bytesText(bytes) })),
    ...(parts?.removed ?? []).map((row) => ({
      ...{ id: row.backup, what: REMOVE_PARTS, bytes: row.bytes },
      why: `${countOf(row.parts, 'part')} that no backup needs, ${bytesText(row.bytes)}`,
    })),
    ...(parts?.kept ?? []).map((row) => ({
      ...{ id: row.backup, what: KEEP_PARTS },
      why: `${countOf(row.parts, 'part')}, ${bytesText(row.bytes)}: ${whyPartsStay(row)}`,
    })),
    ...(purged?.removed_before ?? []).map(({ id, versions, bytes }) => ({
      ...{ id, what: 'purge', bytes },
      why: `removed before; ${countOf(versions, 'version')}, ${bytesText(bytes)}`,
    })),
    ...(purged?.parts_before === undefined
      ? []
      : [
          {
            ...{ id: 'parts', what: 'purge', bytes: purged.parts_before.bytes },
            why: `${countOf(purged.parts_before.parts, 'part')} removed before; ${countOf(purged.parts_before.versions, 'version')}, ${bytesText(purged.parts_before.bytes)}`,
          },
        ]),
    ...(purged?.retained ?? []).map(({ id, until }) => ({
      ...{ id, what: 'keep' },
      why: `removed before; its versions are retained until ${until} by their locks`,
    })),
  ];
}

const REMOVE_PARTS = 'remove parts';
const KEEP_PARTS = 'keep parts';

/** Why the parts of a backup stay although no backup that can be read needs them. */
export function whyPartsStay({
  why,
  because = [],
  until = '',
}: NonNullable<PruneReport['parts']>['kept'][number]): string {
  switch (why) {
    case 'withheld':
      return `${shortList(because)} cannot be read, and may need them`;
    case 'unfinished':
      return 'their run has not ended: the next backup goes on with it, or gives it up';
    case 'no_summary':
      return 'the archive of their backup is there without its summary';
    case 'unproven':
      return 'the server does not show that it lists all backups';
    case 'retained':
      return `retained until ${until} by their locks`;
  }
}

export function describe(page: Page, report: PruneReport): void {
  const { people } = page;
  const { dry_run: dryRun, removed } = report;
  const rows = rowsOf(report, (bytes) => people.bytes(bytes));
  const { removed_before: removedBefore = [], retained = [] } = report.purged ?? {};
  const others =
    rows.filter(({ what }) => what === REMOVE_PARTS || what === KEEP_PARTS).length +
    (report.purged?.parts_before === undefined ? 0 : 1);
  const before = removedBefore.length + retained.length + others;
  if (dryRun) page.text('dry run: nothing is changed').text('');
  if (rows.length > 0) page.table(columns, rows).text('');
  const done = dryRun ? 'would remove' : '✓ removed';
  page.text(
    `${done} ${removed.length} of ${countOf(rows.length - before, 'backup')}${partsText(report)}, ${people.bytes(report.freed_bytes)}`,
    dryRun ? undefined : 'good',
  );
  describeCleared(page, report, done);
  if (report.purged !== undefined) {
    const { versions, bytes } = report.purged;
    const count = countOf(versions, 'version');
    page.text(
      `${done} ${count} of their files, ${people.bytes(bytes)}`,
      dryRun ? undefined : 'good',
    );
  }
}

/** `, and 12 parts`; nothing if no part is removed. */
export function partsText({ parts }: Pick<PruneReport, 'parts'>): string {
  const count = (parts?.removed ?? []).reduce((sum, row) => sum + row.parts, 0);
  return count === 0 ? '' : `, and ${countOf(count, 'part')}`;
}

/** Leftovers that people are shown. */
const MOST_LEFTOVERS = 20;

/** Says what append-only runs had left. */
function describeCleared(page: Page, { cleared, dry_run }: PruneReport, done: string): void {
  const { claims = 0, temporary_summaries: summaries = 0, leftovers = [] } = cleared ?? {};
  const what = [
    ...(claims === 0 ? [] : [`${countOf(claims, 'claim')} of ended runs`]),
    ...(summaries === 0 ? [] : [countOf(summaries, 'temporary summary', 'temporary summaries')]),
    ...(leftovers.length === 0 ? [] : [countOf(leftovers.length, 'leftover')]),
  ];
  if (what.length === 0) return;
  page.text(`${done} ${what.join(', ')}`, dry_run ? undefined : 'good');
  for (const path of leftovers.slice(0, MOST_LEFTOVERS)) page.text(`  ${path}`);
  const more = leftovers.length - MOST_LEFTOVERS;
  if (more > 0) page.text(`  … and ${page.people.count(more)} more`);
}

const columns: Column<PruneRow>[] = [
  { title: 'backup', name: 'id', value: ({ id }) => id, least: Infinity },
  {
    title: 'what',
    name: 'what',
    value: ({ what }) => what,
    tone: ({ what }) => (what.startsWith('keep') ? 'good' : 'waiting'),
  },
  { title: 'why', name: 'why', value: ({ why }) => why, wraps: true },
];

export const csvColumns: Column<PruneRow>[] = [
  ...columns.slice(0, 2),
  {
    title: 'why',
    name: 'why',
    value: ({ what, why }) => (what === 'remove' || what === REMOVE_PARTS ? null : why),
  },
  { title: 'bytes', name: 'bytes', value: ({ bytes }) => bytes },
];
