import type { CopiedBackup, CopyReport } from '../../../repository/copy/copy-report.js';
import type { Column } from '../../output/columns.js';
import type { Page } from '../../output/page.js';
import { countOf } from '../../output/units.js';

/** What is said of the proof that a copy is right. */
const PROOFS = { read: 'SHA-256 read here', server: 'same ETag' } as const;

function whatOf({ state }: CopiedBackup): string {
  return state === 'planned' ? 'copy' : state;
}

function noteOf({ why, reason, by, proof }: CopiedBackup): string {
  const notes = [
    ...(why === 'chosen' ? [] : [why]),
    ...(reason === null ? [] : [reason]),
    ...(by === 'server' ? ['by the server'] : []),
    ...(proof === null ? [] : [PROOFS[proof]]),
  ];
  return notes.join('; ');
}

const shared: Column<CopiedBackup>[] = [
  { title: 'backup', name: 'id', value: ({ id }) => id, least: Infinity },
  {
    title: 'what',
    name: 'what',
    value: whatOf,
    tone: ({ state }) => (state === 'failed' ? 'bad' : state === 'planned' ? 'waiting' : 'good'),
  },
];

const bytesColumn: Column<CopiedBackup> = {
  title: 'bytes',
  name: 'bytes',
  value: ({ archive_bytes: bytes }) => bytes,
  show: ({ archive_bytes: bytes }, people) => (bytes === null ? '' : people.bytes(bytes)),
  align: 'right',
  dispensable: 1,
};

const columns: Column<CopiedBackup>[] = [
  ...shared,
  bytesColumn,
  { title: 'note', name: 'note', value: noteOf, wraps: true },
];

export const csvColumns: Column<CopiedBackup>[] = [
  ...shared,
  bytesColumn,
  { title: 'by', name: 'by', value: ({ by }) => by },
  { title: 'proof', name: 'proof', value: ({ proof }) => proof },
  { title: 'why', name: 'why', value: ({ why }) => why },
  { title: 'reason', name: 'reason', value: ({ reason }) => reason },
];

export function describe(page: Page, report: CopyReport): void {
  const { people } = page;
  const { dry_run: dryRun, backups, present, copied, failed, bytes } = report;
  if (dryRun) page.text('dry run: nothing is changed').text('');
  if (backups.length > 0) page.table(columns, backups).text('');
  if (dryRun) {
    const missing = backups.filter(({ state }) => state === 'planned').length;
    page.text(`would copy ${countOf(missing, 'backup')}, ${people.bytes(bytes)}`);
  } else {
    const isDone = copied === 0 && failed === 0 && present > 0;
    if (isDone) page.text(`✓ nothing to copy to ${report.target}`, 'good');
    const through = `${people.bytes(report.streamed_bytes)} through this host`;
    const done = `copied ${countOf(copied, 'backup')} to ${report.target}, ${through}`;
    if (!isDone) page.text(failed === 0 ? `✓ ${done}` : done, failed === 0 ? 'good' : 'bad');
  }
  if (present > 0)
    page.text(
      `${present === 1 ? '1 backup is' : `${countOf(present, 'backup')} are`} there already`,
    );
  if (failed > 0) page.text(`${countOf(failed, 'backup')} not copied`, 'bad');
}
