import { inParallel } from '../../in-parallel.js';
import type { Retention } from '../../object-store/port.js';
import type { Destination } from '../../repository/destination.js';
import type { HiddenFile } from '../../repository/locks.js';
import { ATTACKS_AT_ONCE } from '../limits.js';

/** The locks of the files of the real backup. They are only read. */

/** Maps the names of locked files to their locks; what is not locked now is missing. */
export type RealLocks = ReadonlyMap<string, Retention>;

/**
 * Reads the locks of the files of these backups that have not ended. Rejects where the server does not
 * tell them, or not these keys.
 */
export async function readRealLocks(
  { locks }: Pick<Destination, 'locks'>,
  ids: readonly string[],
  nowMs: () => number,
): Promise<RealLocks> {
  if (locks === undefined) return new Map();
  const found = await inParallel(ATTACKS_AT_ONCE, ids, (id) => locks.locksOf(id));
  const locked = new Map<string, Retention>();
  for (const { file, retention } of found.flat()) {
    if (retention !== null && Date.parse(retention.until) > nowMs()) locked.set(file, retention);
  }
  return locked;
}

/** Returns the files that were locked, and are not any more, or in a weaker mode. */
export function noLongerLocked(before: RealLocks, after: RealLocks): string[] {
  return [...before].flatMap(([file, { mode }]) => {
    const now = after.get(file)?.mode;
    return now === mode || now === 'COMPLIANCE' ? [] : [file];
  });
}

/** Resolves to the locked files of these backups that something hides. */
export async function hiddenOf(
  { locks }: Pick<Destination, 'locks'>,
  ids: readonly string[],
): Promise<HiddenFile[]> {
  const { files = [] } = (await locks?.hidden(new Set(ids))) ?? {};
  return files.filter(({ file }) => ids.some((id) => file.startsWith(`${id}.`)));
}
