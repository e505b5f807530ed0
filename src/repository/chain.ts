import type { BackupEntry } from './destination.js';
import type { Summary } from './summary.js';

/** Determines which archives each backup needs, and whether they exist. */

export interface ChainProblem {
  /** The backup that cannot be read whole because of it. */
  id: string;
  kind:
    | 'archive_missing'
    | 'archive_length'
    | 'reference_missing'
    | 'summary_damaged'
    /** Nothing is known to be wrong, but it is not read before it is restored there. */
    | 'archive_cold'
    /** Written by a newer version: nothing is known to be wrong. */
    | 'summary_newer';
  message: string;
}

/**
 * Returns the problems of each backup, as far as lengths show them. A backup needs its own archive and
 * those that its summary names, nothing else.
 */
export function chainProblems(backups: readonly BackupEntry[]): ChainProblem[] {
  const byId = new Map(backups.map((backup) => [backup.id, backup]));
  return backups.flatMap(({ id, summary }): ChainProblem[] => {
    if (summary.kind === 'damaged') {
      return [{ id, kind: 'summary_damaged', message: summary.reason }];
    }
    if (summary.kind === 'newer') {
      const message = `format version ${summary.version} is newer than this program`;
      return [{ id, kind: 'summary_newer', message }];
    }
    const needed = new Set([id, ...summary.summary.references]);
    return [...needed].flatMap((archive) => {
      const problem = archiveProblem(archive, byId.get(archive));
      return problem === undefined ? [] : [{ id, ...problem }];
    });
  });
}

function archiveProblem(
  id: string,
  backup: BackupEntry | undefined,
): Omit<ChainProblem, 'id'> | undefined {
  if (backup === undefined) {
    return { kind: 'reference_missing', message: `it refers to ${id}, which is not there` };
  }
  if (backup.archiveBytes === null) {
    return { kind: 'archive_missing', message: `the archive of ${id} is missing` };
  }
  // Without its summary nobody knows the length; that backup has a problem of its own.
  const expected = backup.summary.kind === 'valid' ? backup.summary.summary.archive_bytes : null;
  if (expected !== null && backup.archiveBytes !== expected) {
    return {
      kind: 'archive_length',
      message: `the archive of ${id} has ${backup.archiveBytes} bytes, but its summary says ${expected}`,
    };
  }
  if (backup.cold !== true) return undefined;
  return { kind: 'archive_cold', message: `the archive of ${id} lies in cold storage` };
}

/** Whether something is known to be wrong; what is not known, or not to be had at once, is not. */
export function isBreak({ kind }: ChainProblem): boolean {
  return kind !== 'summary_newer' && kind !== 'archive_cold';
}

/**
 * For each backup that others refer to, the ids of those others, of all that stand in `roots`.
 * References are complete, so that one step should do; the way is followed to its end all the same,
 * for a summary that leaves some out must not cost another backup its bytes.
 */
export function referrers(
  backups: readonly BackupEntry[],
  roots: readonly string[],
): Map<string, string[]> {
  const references = new Map(
    backups.flatMap(({ id, summary }) =>
      summary.kind === 'valid' ? [[id, summary.summary.references] as const] : [],
    ),
  );
  const by = new Map<string, string[]>();
  for (const root of roots) {
    const reached = new Set([root]);
    // What is added while a set is walked is walked too.
    for (const id of reached) {
      for (const needed of references.get(id) ?? []) reached.add(needed);
    }
    reached.delete(root);
    for (const id of reached) append(by, id, root);
  }
  return by;
}

/**
 * The order in which these backups can go, one after the other, so that at no moment one stands
 * there that refers to one that is gone: dependents first, else newest first. They come oldest
 * first. Summaries that refer to one another in a ring have no such order.
 */
export function dependentsFirst(summaries: readonly Summary[]): Summary[] {
  const dependents = new Map<string, Summary[]>();
  for (const summary of summaries) {
    for (const needed of summary.references) append(dependents, needed, summary);
  }
  const ordered = new Set<Summary>();
  const begun = new Set<Summary>();
  const place = (summary: Summary): void => {
    if (begun.has(summary)) return;
    begun.add(summary);
    for (const dependent of [...(dependents.get(summary.id) ?? [])].reverse()) place(dependent);
    ordered.add(summary);
  };
  for (const summary of [...summaries].reverse()) place(summary);
  return [...ordered];
}

function append<Value>(lists: Map<string, Value[]>, key: string, value: Value): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
