import type { Summary } from '../summary.js';

/**
 * Which backups of one line can stand for the store. Only a trusted one is what `--latest` means,
 * takes the place of an older one, is compared with, or counts as fresh.
 */

export interface TrustCandidate {
  id: string;
  summary: Summary;
  /** The operator took it for right: `backup accept`. */
  accepted: boolean;
}

export interface Trust {
  /** Why those that are not trusted are not, in words that follow "it was passed over: ". */
  reasons: ReadonlyMap<string, string>;
  /** The newest suspect that no trusted backup has followed. */
  suspendedBy: string | undefined;
}

/** What stands when the walk along a line comes to a backup. */
interface WalkState {
  /** The oldest suspect since the last trusted one, and its place in the line. */
  suspect: { id: string; index: number } | undefined;
  /** Some backup of the line is trusted. */
  hasTrusted: boolean;
  /** The places of all backups of the line. */
  places: ReadonlyMap<string, number>;
}

/** The backups of one line come in the order in which they were made. */
export function assessTrust(line: readonly TrustCandidate[]): Trust {
  const places = new Map(line.map(({ id }, index) => [id, index]));
  const state: WalkState = { suspect: undefined, hasTrusted: false, places };
  const reasons = new Map<string, string>();
  let newestSuspect: string | undefined;
  for (const [index, backup] of line.entries()) {
    const reason = whyUntrusted(backup, state);
    if (reason !== undefined) reasons.set(backup.id, reason);
    // A metadata backup holds no objects, so it proves nothing about them.
    if (backup.summary.type === 'metadata') continue;
    if (reason === undefined) {
      state.suspect = newestSuspect = undefined;
      state.hasTrusted = true;
    } else if (isSuspect(backup)) {
      newestSuspect = backup.id;
      state.suspect ??= { id: backup.id, index };
    }
  }
  return { reasons, suspendedBy: newestSuspect };
}

function isSuspect({ summary, accepted }: TrustCandidate): boolean {
  return summary.status === 'suspect' && !accepted;
}

/** Returns why a backup is not trusted. Only a closed list of states is trusted. */
function whyUntrusted(backup: TrustCandidate, state: WalkState): string | undefined {
  const { summary, accepted } = backup;
  if (isSuspect(backup)) return 'it is suspect';
  const gap = gapOf(summary);
  if (gap !== undefined) return gap;
  if (summary.type === 'metadata' || accepted) return undefined;
  if (state.suspect === undefined || wasCompared(summary, state, state.suspect)) {
    return undefined;
  }
  return `it follows the suspect ${state.suspect.id} and was not compared with a trusted one`;
}

function gapOf({ status, supersedes }: Summary): string | undefined {
  if (supersedes === false) {
    return `it is ${status}, and lacks objects that an older backup holds`;
  }
  // Old summaries do not say what happened to failed objects.
  return status === 'partial' && supersedes !== true ? 'it is partial' : undefined;
}

/**
 * Whether it was compared with a backup from before the suspicion. Old summaries have no `guard`: of
 * these, incrementals alone were compared with anything, which was their parent.
 */
function wasCompared(
  { guard, type, parent }: Summary,
  { hasTrusted, places }: WalkState,
  suspect: { index: number },
): boolean {
  if (guard !== undefined) return guard.by !== 'nothing' || guard.accepted || !hasTrusted;
  const parentAt = parent === null ? undefined : places.get(parent);
  return type === 'incremental' && parentAt !== undefined && parentAt < suspect.index;
}
