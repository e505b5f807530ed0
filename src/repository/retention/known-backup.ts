import { utcTime } from './calendar.js';
import type { BackupEntry } from '../destination.js';
import { backupTypeOf } from '../names.js';
import type { DatedBackup } from './policy.js';
import type { Summary } from '../summary.js';

/** A backup with all facts that a retention decision needs. */
export interface KnownBackup extends DatedBackup {
  kind: 'known';
  summary: Summary;
  /** Its archive and those it refers to are there, with their lengths. */
  sound: boolean;
  /** Why it is not trusted; `undefined` where it is, or before its line was examined. */
  untrusted?: string | undefined;
  /** It is a suspect that no trusted backup of its line has followed. */
  isStandingSuspect?: boolean;
}

/** A backup that cannot be decided on; it stays. */
interface UnknownBackup {
  kind: 'unknown';
  id: string;
  reason: string;
}

/** `broken`: the ids of those that cannot be read whole. */
export function classifyBackup(
  { id, summary: decoded }: BackupEntry,
  broken: ReadonlySet<string>,
): KnownBackup | UnknownBackup {
  if (decoded.kind === 'damaged') {
    return { kind: 'unknown', id, reason: `cannot be evaluated: ${decoded.reason}` };
  }
  if (decoded.kind === 'newer') {
    const reason = `cannot be evaluated: format version ${decoded.version} is newer than this program`;
    return { kind: 'unknown', id, reason };
  }
  const { summary } = decoded;
  if (summary.id !== id) {
    return { kind: 'unknown', id, reason: `cannot be evaluated: its summary is of ${summary.id}` };
  }
  if (summary.type !== backupTypeOf(id)) {
    return { kind: 'unknown', id, reason: `cannot be evaluated: its summary says ${summary.type}` };
  }
  const createdAt = utcTime(summary.created_at);
  if (createdAt === undefined) {
    return {
      kind: 'unknown',
      id,
      reason: 'cannot be evaluated: its time of creation is not a time',
    };
  }
  return { kind: 'known', id, createdAt, summary, sound: !broken.has(id) };
}
