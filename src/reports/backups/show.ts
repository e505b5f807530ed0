import type { BackupEntry } from '../../repository/destination.js';
import { lineOfBackup, linesOf } from '../../repository/lines/lines.js';
import type { Summary } from '../../repository/summary.js';

/** The line of a backup, and why the backup is not trusted in it. */
interface ShownLine {
  name: string;
  untrusted: string | undefined;
}

/** Returns the document of `backup show`. `backups` are all at the destination, by sequence. */
export function showBackup(summary: Summary, backups: readonly BackupEntry[]) {
  const ofLine = lineOfBackup(linesOf(backups), summary.id);
  const member = ofLine?.backups.find(({ id }) => id === summary.id);
  const line: ShownLine | undefined = ofLine && {
    name: ofLine.name,
    untrusted: member?.untrusted,
  };
  const document = {
    ...summary,
    ...(line === undefined ? {} : { line: line.name, trusted: line.untrusted === undefined }),
    ...(line?.untrusted === undefined ? {} : { untrusted_because: line.untrusted }),
    ...(member?.entry.accepted === true ? { accepted: true } : {}),
  };
  return { document, line };
}
