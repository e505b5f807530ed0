import { countOf, formatCount } from '../count-of.js';
import type { BackupEntry } from './destination.js';
import { whySidecarUnfit } from './history.js';
import { partOf } from './names.js';
import { unfitPartsOf } from './parts.js';
import type { Summary } from './summary.js';

/** Determines which archives each backup needs, and whether they exist. Pure. */

export interface ChainProblem {
  /** The backup that cannot be read in full. */
  id: string;
  kind:
    | 'archive_missing'
    | 'archive_length'
    | 'reference_missing'
    | 'sidecar_missing'
    | 'sidecar_length'
    | 'summary_damaged'
    /** No fault is known, but it must be restored from cold storage before it can be read. */
    | 'archive_cold'
    | 'summary_newer';
  message: string;
}

/**
 * Returns the problems of each backup, as far as the lengths of archives show them. A backup needs
 * only its own archive and those that its summary names.
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
    const archives = [...needed]
      .filter((archive) => partOf(archive) === undefined)
      .map((archive) => archiveProblem(archive, byId.get(archive)));
    const entry = byId.get(id);
    const parts = entry === undefined ? [] : unfitPartsOf(entry);
    const problems = [
      ...archives,
      ...parts.map(({ kind, message }) => ({ kind, message })),
      sidecarProblem(entry),
    ];
    return problems.flatMap((problem) => (problem === undefined ? [] : [{ id, ...problem }]));
  });
}

/**
 * Says what is wrong with the sidecar of an encrypted backup: it names what failed, and the next
 * incremental needs it. Others that refer to the archive are read without it.
 */
function sidecarProblem(backup: BackupEntry | undefined): Omit<ChainProblem, 'id'> | undefined {
  const message = backup && whySidecarUnfit(backup);
  if (message === undefined) return undefined;
  return { kind: backup?.sidecarBytes === null ? 'sidecar_missing' : 'sidecar_length', message };
}

function archiveProblem(
  id: string,
  backup: BackupEntry | undefined,
): Omit<ChainProblem, 'id'> | undefined {
  if (backup === undefined) {
    return { kind: 'reference_missing', message: `it refers to ${id}, which is missing` };
  }
  if (backup.archiveBytes === null) {
    return { kind: 'archive_missing', message: `the archive of ${id} is missing` };
  }
  // The length is unknown without a summary; that backup has its own problem.
  const expected = backup.summary.kind === 'valid' ? backup.summary.summary.archive_bytes : null;
  if (expected !== null && backup.archiveBytes !== expected) {
    return {
      kind: 'archive_length',
      message: `the archive of ${id} has ${countOf(backup.archiveBytes, 'byte')}, but its summary says ${formatCount(expected)}`,
    };
  }
  if (backup.cold !== true) return undefined;
  return { kind: 'archive_cold', message: `the archive of ${id} is in cold storage` };
}

/** Whether the problem is a known fault, and not merely unknown or in cold storage. */
export function isBreak({ kind }: ChainProblem): boolean {
  return kind !== 'summary_newer' && kind !== 'archive_cold';
}

/**
 * Maps each backup that others refer to, to those of `roots` that need it. References are complete,
 * so one step should suffice; they are followed to the end all the same, because an incomplete
 * summary must not cost another backup its bytes.
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
    // A `for` loop over a set includes elements that are added meanwhile.
    for (const id of reached) {
      for (const needed of references.get(id) ?? []) reached.add(needed);
    }
    reached.delete(root);
    for (const id of reached) append(by, id, root);
  }
  return by;
}

/**
 * Returns an order for removing backups in which none ever refers to one that is already gone:
 * dependents first, otherwise newest first. `summaries` are sorted oldest first. Summaries that
 * refer to each other in a circle have no such order.
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
