import type { Summary } from '../summary.js';

/**
 * Decides which backups of a line are trusted. Only a trusted backup can be chosen by `--latest`,
 * replace an older one, be compared with, or count as fresh. Pure.
 */

export interface TrustCandidate {
  id: string;
  summary: Summary;
  /** Whether the operator accepted it with `backup accept`. */
  accepted: boolean;
}

export interface Trust {
  reasons: ReadonlyMap<string, string>;
  /** The newest suspect backup that no trusted one has followed. */
  suspendedBy: string | undefined;
}

/** The state of a walk along a line: what the earlier backups have shown. */
interface WalkState {
  /** The oldest suspect backup since the last trusted one, and its index in the line. */
  suspect: { id: string; index: number } | undefined;
  hasTrusted: boolean;
  places: ReadonlyMap<string, number>;
}

/** Assesses the backups of one line, oldest first. */
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
  // Old summaries do not say whether older backups hold the failed objects.
  return status === 'partial' && supersedes !== true ? 'it is partial' : undefined;
}

/**
 * Whether a backup was compared with one from before the suspicion. Old summaries have no `guard`:
 * then only an incremental was compared, with its parent.
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
