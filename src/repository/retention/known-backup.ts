import { utcTime } from './periods.js';
import type { BackupEntry } from '../destination.js';
import { backupTypeOf } from '../names.js';
import type { DatedBackup } from './policy.js';
import type { Summary } from '../summary.js';

/** A backup with the facts that a retention decision needs. */
export interface KnownBackup extends DatedBackup {
  kind: 'known';
  summary: Summary;
  /** Whether its archive and those that it refers to exist with the right lengths. */
  sound: boolean;
  /** Why it is not trusted; `undefined` if it is, or if its line has not been examined yet. */
  untrusted?: string | undefined;
  /** Whether it is a suspect that no trusted backup of its line has followed. */
  isStandingSuspect?: boolean;
}

/** A backup that cannot be evaluated, and is therefore kept. */
interface UnknownBackup {
  kind: 'unknown';
  id: string;
  reason: string;
}

/** Classifies a backup. `broken` are the ids of backups that cannot be read in full. */
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
    return {
      kind: 'unknown',
      id,
      reason: `cannot be evaluated: its summary is that of ${summary.id}`,
    };
  }
  if (summary.type !== backupTypeOf(id)) {
    return {
      kind: 'unknown',
      id,
      reason: `cannot be evaluated: its summary has the type ${summary.type}`,
    };
  }
  const createdAt = utcTime(summary.created_at);
  if (createdAt === undefined) {
    return {
      kind: 'unknown',
      id,
      reason: 'cannot be evaluated: its creation time is not valid',
    };
  }
  return { kind: 'known', id, createdAt, summary, sound: !broken.has(id) };
}
