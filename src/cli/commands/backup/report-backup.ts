import { type ErrorCode, MangamotionError } from '../../../errors.js';
import type { PruneReport } from '../../../repository/retention/prune.js';
import type { Summary } from '../../../repository/summary.js';
import type { CommandContext } from '../../argv/command.js';
import type { Page } from '../../output/page.js';
import { describeBackup, shortList, suspicionText } from './describe.js';

/** Prints the answer; resolves to the exit status. */
export async function reportBackup(
  context: CommandContext,
  summary: Summary,
  pruned: readonly PruneReport[],
): Promise<ErrorCode | undefined> {
  context.progress.done();
  if (summary.status === 'suspect') {
    const removed = pruned.flatMap((report) => report.removed.map(({ id }) => id));
    if (removed.length > 0) context.warn(`expired and removed: ${shortList(removed)}`);
    throw suspect(summary);
  }
  await context.output.document({
    json: { ...summary, pruned: pruned.flatMap(({ removed }) => removed) },
    human: (page) => {
      describeBackup(page, summary);
      describePruned(page, pruned);
    },
  });
  const isProtected = (summary.lock?.unprotected ?? 0) === 0;
  return summary.status === 'complete' && isProtected ? undefined : 'partial';
}

function describePruned(page: Page, pruned: readonly PruneReport[]): void {
  const removed = pruned.flatMap((report) => report.removed);
  if (removed.length === 0) return;
  const freed = pruned.reduce((sum, report) => sum + report.freed_bytes, 0);
  const names = shortList(removed.map(({ id }) => id));
  page.text(`\nexpired and removed: ${names} (${page.people.bytes(freed)})`);
}

function suspect({ id, destination, guard, suspicious }: Summary): MangamotionError {
  const since = guard?.compared_with ?? 'its predecessor';
  const path = `${destination.replace(/\/$/, '')}/${id}`;
  const flags = [
    ...(suspicious.some(({ deleted }) => deleted > 0) ? ['--accept-deletions'] : []),
    ...(suspicious.some(({ wiped = 0 }) => wiped > 0) ? ['--accept-changes'] : []),
  ];
  return new MangamotionError(
    'refused',
    `${id} is kept as suspect; compared with ${since}: ${suspicious.map(suspicionText).join('; ')}`,
    {
      hint:
        `Nothing was pruned. If the change was intended, run "mangamotion backup accept ${path}", or ` +
        `back up again with ${flags.join(' and ')}. If not, restore ${since} and back up again.`,
    },
  );
}
