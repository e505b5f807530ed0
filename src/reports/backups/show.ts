import type { BackupEntry } from '../../repository/destination.js';
import { lineOfBackup, linesOf } from '../../repository/lines/lines.js';
import { withOwnLock } from '../../repository/lock-record.js';
import type { HeldLock } from '../../repository/lock-state.js';
import type { Summary } from '../../repository/summary.js';

/** What the destination tells of a backup, besides its summary. */
export interface ShownBackup {
  /** `undefined` if it belongs to no line. */
  line: string | undefined;
  /** Why the backup is not trusted in its line; `undefined` if it is. */
  untrusted: string | undefined;
  /** A signature lies beside its summary. It was not checked. */
  hasSignature: boolean;
  /** `undefined` if the server was not asked, or does not tell. */
  held: HeldLock | undefined;
}

/** What there is at the destination of the backup. */
interface Known {
  location: string;
  /** All backups there, by sequence. */
  backups: readonly BackupEntry[];
  held?: HeldLock | undefined;
}

/**
 * Returns the document of `backup show`, and what people read with it. The lock of a summary that was
 * copied from elsewhere is left out of both.
 */
export function showBackup(summary: Summary, { location, backups, held }: Known) {
  const line = lineOfBackup(linesOf(backups), summary.id);
  const member = line?.backups.find(({ id }) => id === summary.id);
  const entry = backups.find(({ id }) => id === summary.id);
  const shown: ShownBackup = {
    ...{ line: line?.name, untrusted: member?.untrusted, held },
    hasSignature: entry?.hasSignature === true,
  };
  const ownSummary = withOwnLock(location, summary);
  const document = {
    ...ownSummary,
    ...(held === undefined ? {} : { held_lock: held }),
    ...(shown.line === undefined
      ? {}
      : { line: shown.line, trusted: shown.untrusted === undefined }),
    ...(shown.untrusted === undefined ? {} : { untrusted_because: shown.untrusted }),
    ...(entry?.accepted === true ? { accepted: true } : {}),
    ...(shown.hasSignature ? { has_signature: true } : {}),
  };
  return { document, summary: ownSummary, shown };
}
